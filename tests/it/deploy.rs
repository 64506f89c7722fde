//! The files of `deploy/` put to use: the proxies before two real nodes, the secrets, the example settings.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use unisson::config::{Config, Layer};

use crate::{
    kit::{Folder, Process, Served, ask, free_port, run, said, tool, wait_for},
    source::{read, root},
    writer::Writer,
};

/// A certificate for the name that the examples use.
fn certificate(folder: &Folder) -> Option<(PathBuf, PathBuf)> {
    let (certificate, key) = (folder.path("fullchain.pem"), folder.path("privkey.pem"));
    let (to, key_to) = (certificate.display().to_string(), key.display().to_string());
    let options = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    let subject = ["-subj", "/CN=unisson.example.org", "-keyout", &key_to, "-out", &to];
    run(&tool("openssl")?, &[&options[..], &subject[..]].concat());
    Some((certificate, key))
}

/// Nginx's own check of a whole configuration, with its folder as the place of what it includes.
fn nginx_takes(nginx: &Path, folder: &Folder, name: &str) {
    std::fs::copy(root().join("deploy/nginx/unisson-locations.conf"), folder.path("unisson-locations.conf"))
        .expect("the locations lie beside it");
    let place = folder.0.display().to_string();
    let output = Command::new(nginx).args(["-t", "-q", "-e", "stderr", "-p", &place, "-c", name]).output();
    let words = said(nginx, output.expect("nginx starts"));
    assert!(!words.contains("[warn]") || words.contains("the \"user\" directive"), "{words}");
}

/// Where nginx keeps what it writes, in a folder of the test.
fn writes_in(folder: &Folder) -> String {
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    kinds.iter().map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.0.display())).collect()
}

#[test]
fn nginx_takes_the_example_and_the_one_of_the_containers() {
    let Some(nginx) = tool("nginx") else { return };
    let folder = Folder::new();
    let Some((certificate, key)) = certificate(&folder) else { return };
    let example = read("deploy/nginx/unisson.conf")
        .replace("/etc/ssl/unisson/fullchain.pem", &certificate.display().to_string())
        .replace("/etc/ssl/unisson/privkey.pem", &key.display().to_string());
    let pid = format!("pid {}/nginx.pid;\n", folder.0.display());
    folder.write("nginx.conf", &format!("{pid}events {{}}\nhttp {{\n{}{example}\n}}\n", writes_in(&folder)));
    nginx_takes(&nginx, &folder, "nginx.conf");

    // The names of containers are known in their network alone, and to look them up again wants a newer nginx.
    let compose = read("deploy/nginx/compose.conf")
        .replace("/tmp/", &format!("{}/", folder.0.display()))
        .replace("/run/secrets/tls_certificate", &certificate.display().to_string())
        .replace("/run/secrets/tls_key", &key.display().to_string())
        .replace(
            "/etc/nginx/mime.types",
            &folder.write("mime.types", "types { text/html html; }").display().to_string(),
        )
        .replace(" resolve ", " ")
        .replace("node-1:8080", "127.0.0.1:8080")
        .replace("node-2:8080", "127.0.0.1:8081");
    folder.write("compose.conf", &compose);
    nginx_takes(&nginx, &folder, "compose.conf");
}

/// Two nodes, each with a database of its own: enough to see which of them answers.
struct Nodes {
    folder: Folder,
    nodes: [Option<Served>; 2],
}

impl Nodes {
    fn start() -> Self {
        let folder = Folder::new();
        let node = |name: &str| Some(Served::open(&folder.sqlite(name), "127.0.0.1:0"));
        let nodes = [node("a.sqlite"), node("b.sqlite")];
        Self { folder, nodes }
    }

    fn address(&self, at: usize) -> String {
        self.nodes[at].as_ref().map(|node| node.address.to_string()).expect("it runs")
    }
}

/// The example with the ports of these nodes, without TLS, on a port of the test.
fn nginx_before(nginx: &Path, nodes: &Nodes) -> (Process, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let is_wanted = |line: &&str| {
        let line = line.trim();
        !line.starts_with("ssl_") && !line.starts_with("listen [::]")
    };
    let example = read("deploy/nginx/unisson.conf");
    let kept: Vec<&str> = example.lines().filter(is_wanted).collect();
    let site = kept
        .join("\n")
        .replace("listen 443 ssl http2;", &format!("listen {address};"))
        .replace("listen 80;", &format!("listen 127.0.0.1:{};", free_port()))
        .replace("127.0.0.1:8080", &nodes.address(0))
        .replace("127.0.0.1:8081", &nodes.address(1));
    let folder = &nodes.folder;
    let head = format!("daemon off;\npid {0}/nginx.pid;\nerror_log {0}/error.log;\nevents {{}}\n", folder.0.display());
    let temporary = writes_in(folder);
    folder.write("nginx.conf", &format!("{head}http {{\naccess_log off;\n{temporary}{site}\n}}\n"));
    nginx_takes(nginx, folder, "nginx.conf");
    let mut command = Command::new(nginx);
    command.arg("-p").arg(&folder.0).args(["-c", "nginx.conf", "-e", "stderr"]);
    (started(command, address), address)
}

fn caddy_before(caddy: &Path, nodes: &Nodes) -> (Process, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let site = read("deploy/Caddyfile")
        .replace("unisson.example.org {", &format!("http://{address} {{"))
        .replace("127.0.0.1:8080", &nodes.address(0))
        .replace("127.0.0.1:8081", &nodes.address(1))
        .replacen("{\n", "{\n\tadmin off\n\tauto_https off\n", 1);
    let file = nodes.folder.write("Caddyfile", &site);
    let mut command = Command::new(caddy);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("HOME", &nodes.folder.0).env("XDG_DATA_HOME", &nodes.folder.0);
    (started(command, address), address)
}

fn started(mut command: Command, address: SocketAddr) -> Process {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the proxy starts");
    let process = Process(child);
    wait_for("the proxy answers", || ask(address, "GET", "/healthz", b"").is_ok_and(|answer| answer.status == 200));
    process
}

/// What both proxies have to do.
async fn serves_people(mut nodes: Nodes, proxy: SocketAddr) {
    // WebSockets, and what was typed is there for the next one who comes to the same node.
    let mut writers = Vec::new();
    for number in 0..6 {
        let mut writer = Writer::open(proxy, "essai/un%20nom").await.expect("a socket is passed on");
        writer.type_and_save(&format!("mot {number} ")).await.expect("it is saved");
        writers.push(writer);
    }

    // Connections over plain HTTP: the stream comes at once, and from the node that opened it.
    for number in 0..16 {
        let id = format!("connection-of-the-test-{number:04}");
        let opened = ask(proxy, "POST", &format!("/collab/http/{id}/open"), b"").expect("an answer");
        assert_eq!(opened.status, 201, "{opened:?}");
        streams_at_once(proxy, &format!("/collab/http/{id}/events"));
        let ended = ask(proxy, "DELETE", &format!("/collab/http/{id}"), b"").expect("an answer");
        assert!((200..300).contains(&ended.status), "{ended:?}");
    }

    // A node goes as it does at a restart: nobody who asks afterwards meets an error.
    nodes.nodes[0].take().expect("it runs").end();
    for _ in 0..30 {
        let answer = ask(proxy, "GET", "/api/v1/config", b"").expect("an answer");
        assert!(answer.status == 200 && answer.text.contains("\"version\""), "{answer:?}");
    }
    for _ in 0..4 {
        let mut writer = Writer::open(proxy, "essai/un%20nom").await.expect("the other node takes it");
        writer.type_and_save("suite ").await.expect("it is saved");
    }
    // Too much is refused before it reaches a node.
    let large = vec![b'x'; 2 << 20];
    match ask(proxy, "POST", "/auth/demo", &large) {
        Ok(answer) => assert!(answer.status >= 400, "{}", answer.status),
        Err(error) => assert!(error.to_string().contains("reset") || error.to_string().contains("pipe"), "{error}"),
    }
    drop(writers);
}

/// The first bytes of an event stream arrive while it is open.
fn streams_at_once(address: SocketAddr, path: &str) {
    let mut stream = TcpStream::connect(address).expect("the proxy listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").expect("it is sent");
    let began = Instant::now();
    let mut text = String::new();
    let mut some = [0; 4096];
    while !text.contains(": open") {
        let read = stream.read(&mut some).expect("the stream says something");
        assert_ne!(read, 0, "it ended: {text}");
        text.push_str(&String::from_utf8_lossy(&some[..read]));
    }
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(began.elapsed() < Duration::from_secs(8), "it was kept back for {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_behind_nginx_as_in_the_example() {
    let Some(nginx) = tool("nginx") else { return };
    let nodes = Nodes::start();
    let (proxy, address) = nginx_before(&nginx, &nodes);
    serves_people(nodes, address).await;
    drop(proxy);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_behind_caddy_as_in_the_example() {
    let Some(caddy) = tool("caddy") else { return };
    let file = root().join("deploy/Caddyfile").display().to_string();
    run(&caddy, &["validate", "--adapter", "caddyfile", "--config", &file]);
    let nodes = Nodes::start();
    let (proxy, address) = caddy_before(&caddy, &nodes);
    serves_people(nodes, address).await;
    drop(proxy);
}

#[test]
fn the_secrets_are_made_once_and_are_what_their_readers_take() {
    if tool("openssl").is_none() {
        return;
    }
    let folder = Folder::new();
    let script = root().join("deploy/secrets.sh");
    let place = folder.path("secrets").display().to_string();
    run(&script, &[&place]);
    let secret = |name: &str| std::fs::read_to_string(folder.path("secrets").join(name)).expect(name);
    let before: Vec<String> = ["database_url", "redis_url", "tls_key", "redis_conf"].map(secret).into();
    run(&script, &[&place]);
    assert_eq!(before, ["database_url", "redis_url", "tls_key", "redis_conf"].map(secret), "what exists is left alone");

    let named = |name: &str| folder.path("secrets").join(name).display().to_string();
    let variables = |name: &str| match name {
        "UNISSON_DATABASE_FILE" => Some(named("database_url")),
        "UNISSON_REDIS_FILE" => Some(named("redis_url")),
        "UNISSON_PUBLIC_URL" => Some("https://localhost:8443".to_owned()),
        _ => None,
    };
    let variables = Layer::from_variables(&variables).expect("the variables of compose.yaml");
    let file = Layer::from_file(&root().join("deploy/compose.toml")).expect("the file of compose.yaml");
    let config = Config::from_layer(variables.over(file)).expect("together they are a configuration");
    assert!(config.is_secure() && config.redis.is_some() && config.database.starts_with("postgres://unisson:"));
    assert_eq!(config.limits.sockets_per_address, 0, "all come from the proxy's address");

    let Some(redis) = tool("redis-server") else { return };
    let port = free_port();
    let child = Command::new(redis)
        .arg(named("redis_conf"))
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .current_dir(&folder.0)
        .stdout(Stdio::null())
        .spawn()
        .expect("Redis starts");
    let _redis = Process(child);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let password = secret("redis_password");
    wait_for("Redis takes the password", || {
        let Ok(mut stream) = TcpStream::connect(address) else { return false };
        let mut answer = [0; 5];
        write!(stream, "AUTH {}\r\n", password.trim()).is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && &answer == b"+OK\r\n"
    });
}

#[test]
fn the_unit_gives_a_node_longer_to_stop_than_it_takes_to_drain() {
    let unit = read("deploy/unisson.service");
    let stop: u64 = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="))
        .and_then(|seconds| seconds.parse().ok())
        .expect("the unit says so");
    let example = Layer::from_file(&root().join("deploy/unisson.toml")).expect("the example");
    assert!(stop >= example.drain_seconds.expect("it has every key") + 10);
}
