//! Telegram by way of a small proxy.

use reqwest::{Proxy, Url};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::bot_api::{Say, Stand, update};
use super::running::Running;

/// A SOCKS5 proxy without a password (RFC 1928) for IPv4 addresses; counts its connections.
async fn socks(mut stream: TcpStream, connections: watch::Sender<u32>) -> std::io::Result<()> {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await?;
    let mut methods = vec![0; greeting[1].into()];
    stream.read_exact(&mut methods).await?;
    stream.write_all(&[5, 0]).await?;
    let mut request = [0; 10];
    stream.read_exact(&mut request).await?;
    assert_eq!(request[..4], [5, 1, 0, 1], "to connect to an IPv4 address");
    let ip: [u8; 4] = request[4..8].try_into().unwrap();
    let port = u16::from_be_bytes([request[8], request[9]]);
    let mut target = TcpStream::connect((std::net::Ipv4Addr::from(ip), port)).await?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    connections.send_modify(|count| *count += 1);
    copy_bidirectional(&mut stream, &mut target).await.map(|_| ())
}

async fn answers_help(running: Running, stand: &Stand) {
    let sent = stand.hears("sendmessage", 1).await;
    assert!(sent[0].contains("/hour"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn by_way_of_a_socks_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("socks5://{}", listener.local_addr().unwrap());
    let (connections, seen) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(socks(stream, connections.clone()));
        }
    });
    let stand = Stand::new().await;
    stand.say("getupdates", Say::Ok(json!([update(5, 7, "/help")])));
    let proxy = Proxy::all(proxy).unwrap();
    answers_help(Running::by_way_of(Some(proxy), stand.url.clone(), &stand), &stand).await;
    assert!(*seen.borrow() > 0);
}

/// A proxy for HTTP is asked with the whole address, so the stand-in can be proxy and
/// target in one.
#[tokio::test(start_paused = true)]
async fn by_way_of_an_http_proxy() {
    let stand = Stand::new().await;
    stand.say("getupdates", Say::Ok(json!([update(5, 7, "/help")])));
    let proxy = Proxy::all(stand.url.clone()).unwrap();
    let nowhere = Url::parse("http://telegram.invalid").unwrap();
    answers_help(Running::by_way_of(Some(proxy), nowhere, &stand), &stand).await;
}
