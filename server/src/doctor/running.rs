//! The node that runs with these settings, asked how it is: for containers, which have no other program to ask with.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Finding, problem, well};
use crate::{config::Config, http::listen};

/// Longer than the node takes to say that a part is ill.
const PATIENCE: Duration = Duration::from_secs(4);
const ANSWER_BYTES: u64 = 64 << 10;

/// Asks `/readyz` where the node listens.
pub async fn ask(config: &Config) -> Finding {
    let address = listen::reachable(config.listen);
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => judged(&answer),
        Ok(Err(error)) => problem("node", format!("nobody answers on {address}: {error}"), "start it, or read its log"),
        Err(_) => problem("node", format!("no answer on {address}"), "read its log"),
    }
}

fn judged(answer: &str) -> Finding {
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim();
    let parts = body.trim_start_matches('{').trim_end_matches('}').replace('"', "").replace(',', ", ");
    match answer.split_whitespace().nth(1) {
        Some("200") => well("node", parts),
        Some("503") if body.starts_with('{') => {
            problem("node", parts, "see what stands as failing, and the node's log")
        }
        _ => problem("node", "what answers is no node of this version", "see which program listens there (ss -ltnp)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_for_what_it_is() {
        let answer = |status: &str, body: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 1\r\n\r\n{body}");
        let ready = judged(&answer("200 OK", r#"{"ready":true,"database":"ok"}"#));
        assert_eq!(ready, well("node", "ready:true, database:ok"));
        assert!(!judged(&answer("503 Service Unavailable", r#"{"ready":false}"#)).is_well());
        assert!(!judged(&answer("404 Not Found", "")).is_well());
        assert!(!judged("").is_well());
    }
}
