//! Clients in great number that ask for nothing, or take and give as slowly as they can: others are served.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::json;

use crate::load::{Load, assert_all_there};
use crate::places::Place;
use crate::server::{Server, TOKEN};

const MIB: u64 = 1024 * 1024;
const IDLE: usize = 10_000;
/// More than the reads that are served at once.
const SLOW: usize = 70;

/// Opens connections from a process of its own, which has a limit of open files of its own, until it is killed.
/// What the server's backlog has no room for keeps trying, as crowds do.
const CROWD: &str = r#"
ulimit -n "$(ulimit -H -n)" && [ "$(ulimit -n)" -gt "$1" ] || { echo "too few open files are allowed"; exit 1; }
count=0
while [ "$count" -lt "$1" ]; do
    exec {file}<>"/dev/tcp/127.0.0.1/$2" || exit 1
    count=$((count + 1))
    if [ "$count" -eq 4096 ]; then echo "crowded"; fi
done
echo "all"
exec cat
"#;

fn port(server: &Server) -> String {
    server.url.rsplit(':').next().unwrap().to_owned()
}

/// Waits until the server's places are taken; the crowd goes on growing meanwhile.
fn wait_for_crowd(server: &Server) -> Child {
    let mut crowd = Command::new("bash")
        .args(["-c", CROWD, "crowd", &IDLE.to_string(), &port(server)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(crowd.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "crowded\n");
    crowd
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_keep_nobody_out() {
    let place = Place::embedded();
    let start = place.start();
    // What most systems allow a program that does not ask for more.
    let mut command = Command::new("sh");
    start.fill(&mut command);
    let script = "ulimit -S -n 1024 && exec \"$0\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_xtrace")]);
    let server = start.start_by(command);
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(10).await;
    let before = server.memory_bytes();
    let mut crowd = wait_for_crowd(&server);
    // Who was there before, and who comes now.
    load.until_acknowledged(100).await;
    let newcomer = reqwest::Client::new()
        .get(format!("{}/api/public/traces?limit=1", server.url))
        .bearer_auth(TOKEN);
    assert_eq!(newcomer.send().await.unwrap().status(), 200);
    let sent = load.stop().await;
    crowd.kill().unwrap();
    crowd.wait().unwrap();
    assert!(sent.refused.is_empty() && sent.unanswered == 0, "{sent:?}");
    eprintln!("p99 beside {IDLE} idle connections: {:?}", sent.p99());
    let grown = server.memory_bytes() - before;
    assert!(grown < 400 * MIB, "memory grew by {} MiB", grown / MIB);
    assert_all_there(&server, &sent.acknowledged).await;
}

/// A connection that has sent this much.
fn connection(server: &Server, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port(server).parse().unwrap())).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_and_writers_harm_nobody_else() {
    let place = Place::embedded();
    let server = place.start().start();
    let big = json!({ "trace": { "id": "big", "input": "x".repeat(2 * 1024 * 1024) } });
    assert_eq!(server.post("/v1/l/batch", &big).await.status, 200);
    let before = server.memory_bytes();
    let mut writers: Vec<TcpStream> = (0..SLOW)
        .map(|_| {
            let head = format!(
                "POST /v1/l/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
                 Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{{"
            );
            connection(&server, &head)
        })
        .collect();
    let readers: Vec<TcpStream> = (0..SLOW)
        .map(|_| {
            let head = format!(
                "GET /api/public/traces/big HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            );
            connection(&server, &head)
        })
        .collect();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    for letters in 1..8 {
        for writer in &mut writers {
            writer.write_all(b" ").unwrap();
        }
        for mut reader in &readers {
            reader.read_exact(&mut [0]).unwrap();
        }
        load.until_acknowledged(letters * 5).await;
        let listed = server.get("/api/public/traces?limit=1").await;
        assert_eq!(listed.status, 200, "{}", listed.body);
    }
    let sent = load.stop().await;
    assert!(sent.refused.is_empty() && sent.unanswered == 0, "{sent:?}");
    eprintln!("p99 beside slow clients: {:?}", sent.p99());
    let grown = server.memory_bytes() - before;
    assert!(grown < 1200 * MIB, "memory grew by {} MiB", grown / MIB);
    drop((writers, readers));
    server.delete("/api/public/traces/big").await;
    assert_all_there(&server, &sent.acknowledged).await;
}
