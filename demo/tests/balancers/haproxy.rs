//! The config for haproxy in haproxy.

use headlag_demo::{
    package::{self, Package},
    process::Process,
};

use crate::{document::config, pool::Pool};

const PACKAGE: Package = Package {
    name: "haproxy",
    programs: &["haproxy"],
    data: None,
    has_libraries: true,
    home: "https://www.haproxy.org/",
};

/// haproxy in front of a pool, with the config of the document.
async fn start(pool: &mut Pool) -> Process {
    let others = [
        ("headlag-exporter port 9917", format!("127.0.0.1 port {}", pool.exporter.port())),
        ("bind :8545", format!("bind {}", pool.balancer)),
    ];
    let config = pool.fitted(config("haproxy"), &others);
    let file = pool.folder.path().join("haproxy.cfg");
    std::fs::write(&file, config).unwrap();
    let programs = PACKAGE.find_or_fetch().await.unwrap();
    let mut command = package::command(&programs, "haproxy");
    pool.start_balancer("haproxy", command.arg("-db").arg("-f").arg(file)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_serves_nothing_stale_and_always_something() {
    const LEVEL: &[&str] = &["level/node-a", "level/node-b"];
    const ANY: &[&str] = &["any/node-a", "any/node-b"];
    let mut pool = Pool::start().await;
    let _haproxy = start(&mut pool).await;
    pool.is_served_by(LEVEL).await;

    pool.freeze(&[&pool.node_a]).await;
    pool.is_served_by(&["level/node-b"]).await;
    pool.assert_served_by(&["level/node-b"]).await;
    pool.freeze(&[&pool.node_a, &pool.node_b]).await;
    pool.is_served_by(ANY).await;
    pool.thaw(&[&pool.node_a, &pool.node_b]).await;
    pool.is_served_by(LEVEL).await;
    pool.assert_served_by(LEVEL).await;

    // An alert is due, and both go on.
    pool.outrun(8).await;
    for node in ["node-a", "node-b"] {
        pool.is_reported(node, 503, "behind").await;
    }
    pool.is_served_by(LEVEL).await;

    pool.lose_the_exporter().await;
    pool.is_served_by(ANY).await;
}
