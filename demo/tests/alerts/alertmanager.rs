//! The Alertmanager of the distribution, as it was found or fetched.

use headlag_demo::alertmanager::Tools;

use crate::patience::free_port;

#[tokio::test]
async fn it_takes_an_alert() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let address = port.address();
    let tools = Tools::find_or_fetch().await.unwrap();
    let config = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
    let alertmanager = tools.start(folder.path(), config, port).await.unwrap();
    let add = tools.amtool(address).args(["alert", "add", "HeadlagTest", "node=my-node"]).output().await;
    assert!(add.as_ref().unwrap().status.success(), "{add:?}");
    let query = tools.amtool(address).args(["alert", "query", "-o", "extended"]).output().await.unwrap();
    let firing = String::from_utf8_lossy(&query.stdout);
    assert!(firing.contains("HeadlagTest") && firing.contains("my-node"), "{firing}");
    alertmanager.stop().await.unwrap();
}
