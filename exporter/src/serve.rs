//! Wiring: a loop for each network, one HTTP server, an end at the first signal.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, bail};
use headlag_service::{outbound, server, start};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};
use tracing::info;

use crate::{
    config::Config,
    http::Paths,
    metrics::{self, Constants},
    network::Network,
    published::Published,
    round::Nodes,
    schedule,
    snapshot::Moment,
};

/// Of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit this build came from, as the builder told.
const REVISION: &str = match option_env!("HEADLAG_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the port cannot be opened, or a loop ends that should not.
pub async fn serve(config: Config, listen: SocketAddr) -> anyhow::Result<()> {
    let stop = start::stop_signal().context("could not listen for signals")?;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; choose another address with --web.listen-address")
    })?;
    let address = listener.local_addr().context("could not tell the address served on")?;
    start::raise_open_files();
    let client = outbound::client(outbound::LONGEST).build().context("could not set up HTTP")?;
    let constants = Constants { version: VERSION, revision: REVISION, config_loaded: Moment::now().unix };

    let mut loops = JoinSet::new();
    let mut networks = Vec::new();
    for network in config.networks {
        let published = Arc::new(Published::new(&network));
        networks.push(published.clone());
        let nodes = Nodes::new(&client, &network);
        let every = network.poll_interval;
        loops.spawn(schedule::run(nodes, Network::new(network), every, published));
    }
    let paths = Arc::new(Paths {
        registry: metrics::registry(constants, networks.clone()),
        networks,
        version: VERSION,
    });
    let (end, ended) = oneshot::channel::<()>();
    let server = tokio::spawn(server::serve(
        listener,
        move |request| {
            let reply = paths.answer(&request);
            async move { reply }
        },
        async {
            // Dropping the sender ends the server too.
            let _ = ended.await;
        },
    ));
    info!(version = VERSION, %address, networks = loops.len(), "headlag-exporter serves");

    tokio::select! {
        signal = stop => info!(signal, "headlag-exporter ends"),
        ended = loops.join_next() => match ended {
            Some(Err(error)) => bail!("the loop of a network ended: {error}"),
            _ => bail!("the loop of a network ended without a reason"),
        },
    }
    drop(end);
    server.await.context("the HTTP server ended with a defect")
}
