//! `page` and `limit`.

use utoipa::ToSchema;

use super::document::{ParamDoc, Shape};
use super::query_string::{BadParam, QueryString};

pub const LIMIT_DEFAULT: u64 = 50;
pub const LIMIT_MAX: u64 = 200;

pub const PAGE: ParamDoc = ParamDoc::new("page", Shape::Integer, "Page, from 1 (default).");
pub const LIMIT: ParamDoc = ParamDoc::new(
    "limit",
    Shape::Integer,
    "Items per page, 1 to 200, default 50; other numbers are brought to the nearest end.",
);

/// Which part of a list to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u64,
    pub limit: u64,
}

/// Where a page stands in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageMeta {
    /// This page, from 1.
    pub page: u64,
    /// Items per page.
    pub limit: u64,
    /// Items on all pages.
    pub total_items: u64,
    /// 0 when there is no item.
    pub total_pages: u64,
}

impl Page {
    /// # Errors
    /// Not a whole number.
    pub fn parse(query: &QueryString) -> Result<Self, BadParam> {
        Self::read(query, LIMIT_DEFAULT, LIMIT_MAX)
    }

    /// With `limit_max` items by default.
    ///
    /// # Errors
    /// Not a whole number.
    pub fn parse_up_to(query: &QueryString, limit_max: u64) -> Result<Self, BadParam> {
        Self::read(query, limit_max, limit_max)
    }

    fn read(query: &QueryString, limit_default: u64, limit_max: u64) -> Result<Self, BadParam> {
        let number = whole_number(query, "page")?.unwrap_or(1);
        let limit = whole_number(query, "limit")?.unwrap_or(limit_default);
        Ok(Self {
            number: number.max(1),
            limit: limit.clamp(1, limit_max),
        })
    }

    /// How many items come before the page; far beyond any list rather than overflowing.
    pub fn offset(self) -> u64 {
        let before = (self.number - 1).saturating_mul(self.limit);
        before.min(i64::MAX.unsigned_abs())
    }

    pub fn meta(self, total_items: u64) -> PageMeta {
        PageMeta {
            page: self.number,
            limit: self.limit,
            total_items,
            total_pages: total_items.div_ceil(self.limit),
        }
    }
}

/// Numbers too large are the largest, negative ones zero.
fn whole_number(query: &QueryString, name: &'static str) -> Result<Option<u64>, BadParam> {
    query.parsed(name, "a whole number of at least 1", |text| {
        let text = text.trim();
        let number: i128 = text.parse().ok()?;
        Some(u64::try_from(number.clamp(0, i128::from(i64::MAX))).expect("clamped to fit"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(raw: &str) -> Result<(u64, u64), BadParam> {
        Page::parse(&QueryString::parse(raw)).map(|page| (page.number, page.limit))
    }

    #[test]
    fn defaults_and_bounds() {
        assert_eq!(page(""), Ok((1, 50)));
        assert_eq!(page("page=&limit="), Ok((1, 50)));
        assert_eq!(page("page=3&limit=10"), Ok((3, 10)));
        assert_eq!(page("page=0&limit=0"), Ok((1, 1)));
        assert_eq!(page("page=-5&limit=1000"), Ok((1, 200)));
    }

    #[test]
    fn what_is_no_number_is_refused_by_name() {
        let error = page("limit=ten").unwrap_err();
        assert_eq!(
            error.to_string(),
            "parameter limit is \"ten\"; expected a whole number of at least 1"
        );
        assert!(page("page=1.5").is_err());
    }

    #[test]
    fn a_huge_page_does_not_overflow() {
        let page = Page::parse(&QueryString::parse(
            "page=99999999999999999999999&limit=200",
        ))
        .unwrap();
        assert_eq!(page.offset(), i64::MAX.unsigned_abs());
    }

    #[test]
    fn pages_are_counted_up() {
        let page = Page {
            number: 2,
            limit: 10,
        };
        assert_eq!(page.meta(0).total_pages, 0);
        assert_eq!(page.meta(10).total_pages, 1);
        assert_eq!(page.meta(11).total_pages, 2);
        assert_eq!(page.offset(), 10);
    }
}
