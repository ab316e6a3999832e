//! The config for free nginx in free nginx.

use headlag_demo::package::Package;
use tokio::process::Command;

use crate::{document::config, pool::Pool};

const PACKAGE: Package = Package {
    name: "nginx",
    programs: &["nginx"],
    data: None,
    has_libraries: false,
    home: "https://nginx.org/",
};

/// What Debian's own `nginx.conf` has around `conf.d`, as far as it matters, with all files in one folder.
const AROUND: &str = "pid nginx.pid; daemon off; master_process off; events {}
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy;
    fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    include rpc.conf;
}
";

#[tokio::test(flavor = "multi_thread")]
async fn free_nginx_loads_the_config_and_serves_from_the_fit_node() {
    let mut pool = Pool::start().await;
    let others = [
        ("headlag-exporter:9917", pool.exporter.to_string()),
        ("listen 8545", format!("listen {}", pool.balancer)),
        ("/var/cache/nginx-headlag", "cache".into()),
    ];
    let config = pool.fitted(config("nginx"), &others);
    let folder = pool.folder.path().to_owned();
    std::fs::write(folder.join("rpc.conf"), config).unwrap();
    std::fs::write(folder.join("nginx.conf"), AROUND).unwrap();
    let program = PACKAGE.find_or_fetch().await.unwrap().join("nginx");
    let nginx = || {
        let mut command = Command::new(&program);
        command.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-e", "stderr"]);
        command
    };
    let output = nginx().arg("-t").output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let _nginx = pool.start_balancer("nginx", &mut nginx()).await;
    let address = |url: &str| url.trim_start_matches("http://").to_owned();
    let (node_a, node_b) = (address(&pool.node_a.url), address(&pool.node_b.url));
    pool.is_served_by(&[&node_a]).await;
    pool.freeze(&[&pool.node_a]).await;
    pool.is_served_by(&[&node_b]).await;
    pool.assert_served_by(&[&node_b]).await;
    pool.lose_the_exporter().await;
    pool.is_served_by(&[&node_a]).await;
}
