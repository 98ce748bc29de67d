//! A streaming standby takes over while others write, behind an address that moves: what was acknowledged is there, and
//! service resumes by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::load::{Load, assert_all_there};
use crate::places::Place;

/// An address that leads to one server and later to another, as a virtual address or a proxy does.
struct Address {
    port: u16,
    target: Arc<AtomicU16>,
    moved: watch::Sender<()>,
}

impl Address {
    async fn of(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Self {
            port: listener.local_addr().unwrap().port(),
            target: Arc::new(AtomicU16::new(port)),
            moved: watch::Sender::new(()),
        };
        let (target, moved) = (address.target.clone(), address.moved.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let port = target.load(Ordering::SeqCst);
                tokio::spawn(forward(client, port, moved.subscribe()));
            }
        });
        address
    }

    /// Cuts all connections; new ones lead there.
    fn move_to(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
        self.moved.send_replace(());
    }
}

async fn forward(mut client: TcpStream, port: u16, mut moved: watch::Receiver<()>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = moved.changed() => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_promoted_while_writing_has_all_that_was_acknowledged() {
    let place = Place::postgres();
    let primary = place.cluster.as_ref().unwrap();
    let address = Address::of(primary.port()).await;
    let moved = primary.url(place.database()).replace(
        &format!(":{}/", primary.port()),
        &format!(":{}/", address.port),
    );
    let start = place.start().with("DATABASE_URL", &moved);
    let server = start.start_with_log();
    let standby = primary.start_standby().unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;

    // The address moves before the standby is a primary: it answers questions, and takes no writes.
    primary.kill().unwrap();
    address.move_to(standby.port());
    load.until_refused(8).await;
    server.until_ready_is(503).await;
    let listed = server.get("/api/public/traces?limit=1").await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    server.assert_counts(503).await;
    let log = start.log();
    assert!(log.contains("the server is a standby"), "{log}");

    standby.promote().unwrap();
    server.until_ready_is(200).await;
    let during = load.stop().await;
    let told: Vec<_> = during.refused.iter().collect();
    assert!(matches!(told[..], [(503, (_, true))]), "{told:?}");
    assert_eq!(during.unanswered, 0);
    let load = Load::start(&server, &next);
    load.until_acknowledged(20).await;
    let after = load.stop().await;
    assert!(after.refused.is_empty(), "{after:?}");
    let acknowledged = [during.acknowledged, after.acknowledged].concat();
    assert_all_there(&server, &acknowledged).await;
}
