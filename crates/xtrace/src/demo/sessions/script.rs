//! What the demo's agents are asked, do and say.

use serde_json::{Value, json};

pub struct Agent {
    pub name: &'static str,
    pub system: &'static str,
    /// Question and answer of each turn.
    pub questions: &'static [(&'static str, &'static str)],
    /// Name, arguments and result of the tool called in a turn.
    pub tools: &'static [(&'static str, &'static str, &'static str)],
}

pub struct Model {
    pub name: &'static str,
    provider: Provider,
}

enum Provider {
    OpenAi,
    Anthropic,
    SelfHosted,
}

impl Model {
    /// Usage in the style of the model's own API.
    pub fn usage(&self, input: u64, cached: u64, output: u64) -> Value {
        match self.provider {
            Provider::OpenAi => json!({
                "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
                "prompt_tokens_details": { "cached_tokens": cached },
            }),
            Provider::Anthropic => json!({
                "input_tokens": input - cached, "cache_read_input_tokens": cached, "output_tokens": output,
            }),
            Provider::SelfHosted => json!({ "input": input, "output": output, "unit": "TOKENS" }),
        }
    }
}

pub const MODELS: &[Model] = &[
    Model {
        name: "gpt-4o",
        provider: Provider::OpenAi,
    },
    Model {
        name: "gpt-5-mini",
        provider: Provider::OpenAi,
    },
    Model {
        name: "claude-sonnet-4-5-20250929",
        provider: Provider::Anthropic,
    },
    Model {
        name: "claude-haiku-4-5-20251001",
        provider: Provider::Anthropic,
    },
    Model {
        name: "qwen3-32b",
        provider: Provider::SelfHosted,
    },
];

pub const USERS: &[&str] = &[
    "ada", "boris", "chidi", "dilnoza", "emeka", "fatima", "goran", "hana", "李雷", "jun",
];

pub const APOLOGY: &str =
    "I could not reach the system I need for this right now. Shall I try again in a moment?";

pub const AGENTS: &[Agent] = &[
    Agent {
        name: "support-agent",
        system: "You answer customers of an online bookshop. Look orders up before you speak about them. \
                 Be brief, friendly and exact; never promise a date the carrier has not confirmed.",
        questions: &[
            (
                "Where is my order 20417? It should have been here on Monday.",
                "Order 20417 left our warehouse on Saturday and is with the carrier; they now expect to deliver it on Thursday before noon.",
            ),
            (
                "Can you send it to my office instead?",
                "Yes. I have asked the carrier to redirect it to the office address in your account; you will get their confirmation by e-mail.",
            ),
            (
                "And what if Thursday does not work out either?",
                "Then write to me again: from the second late delivery on we refund the shipping cost, and you may cancel without giving a reason.",
            ),
            (
                "Thanks. Could you also recommend something like the last novel I bought?",
                "You bought a quiet family story set on an island. Readers who liked it often go on with the two earlier books of the same author.",
            ),
        ],
        tools: &[
            (
                "lookup_order",
                "{\"order_id\":20417}",
                "{\"status\":\"in_transit\",\"carrier\":\"postal\",\"eta\":\"Thursday 12:00\"}",
            ),
            (
                "redirect_parcel",
                "{\"order_id\":20417,\"address\":\"office\"}",
                "{\"accepted\":true}",
            ),
            (
                "search_policies",
                "{\"query\":\"late delivery refund\"}",
                "[{\"title\":\"Late deliveries\",\"text\":\"Shipping is refunded from the second delay on.\"}]",
            ),
        ],
    },
    Agent {
        name: "data-analyst",
        system: "You turn questions about sales into SQL for the warehouse, run it, and explain the result in \
                 two sentences. Name the tables you used. If the data cannot answer the question, say so.",
        questions: &[
            (
                "How did revenue develop by month this year?",
                "Revenue rose from 1.21 M in January to 1.48 M in October, with a dip to 1.17 M in February (table sales_monthly).",
            ),
            (
                "Which region explains the dip in February?",
                "The north: its revenue fell by 31 % while all other regions stayed within 3 % of January (tables sales_monthly, regions).",
            ),
            (
                "Was that fewer orders or smaller ones?",
                "Fewer orders: their number fell by 29 % while the average order stayed at 84 (table orders).",
            ),
        ],
        tools: &[
            (
                "run_sql",
                "{\"sql\":\"select month, sum(revenue) from sales_monthly group by 1 order by 1\"}",
                "[[\"2026-01\",1210000],[\"2026-02\",1170000],[\"2026-10\",1480000]]",
            ),
            (
                "run_sql",
                "{\"sql\":\"select region, sum(revenue) from sales_monthly join regions using (region_id) where month = '2026-02' group by 1\"}",
                "[[\"north\",214000],[\"south\",330000],[\"east\",309000],[\"west\",317000]]",
            ),
        ],
    },
    Agent {
        name: "code-reviewer",
        system: "You review pull requests. Read the diff and the files it touches, look for defects first and \
                 style last, and propose the smallest change that mends each finding.",
        questions: &[
            (
                "Please review the change to the retry logic in the payment client.",
                "One defect: the delay doubles without a bound, so after ten tries a payment waits 17 minutes. Cap it at 30 seconds. The rest is fine.",
            ),
            (
                "Fixed. Is the new test enough?",
                "It proves the cap but not the jitter; add a case with a seeded generator so that both bounds are seen.",
            ),
            (
                "服务器的超时时间也应该调整吗？",
                "是的，建议把服务器端超时设为客户端最大等待时间的两倍，这样最后一次重试不会被提前切断。",
            ),
        ],
        tools: &[
            (
                "read_file",
                "{\"path\":\"payments/client.rs\"}",
                "fn retry(attempt: u32) -> Duration { Duration::from_secs(1 << attempt) }",
            ),
            (
                "search_code",
                "{\"query\":\"retry(\"}",
                "[\"payments/client.rs:42\",\"payments/tests.rs:17\"]",
            ),
        ],
    },
];
