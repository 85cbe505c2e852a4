//! A daemon at the desk: `kyso daemon run` in a folder of its own, a pinentry that does as it is told, raw HTTP.
//!
//! In a test file: `mod house;` and `use house::daemon::{DaemonHouse, Options, ...}`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kyso_testkit::shim;
use serde_json::Value;

use super::{House, PIN};

/// How long anything may take on a busy machine before a test says that it does not happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What stands on the desk before the daemon starts.
pub(crate) struct Options {
    /// Tokens: label and kind of key, such as `("t", "rsa2048")`; each has an ordinary certificate.
    pub(crate) tokens: Vec<(&'static str, &'static str)>,
    /// Whether the tokens are reached through the faulty module.
    pub(crate) shim: bool,
    /// Lines of `[daemon]` beside socket, state and pinentry; `[daemon.…]` tables may follow.
    pub(crate) config: String,
    /// Environment of the daemon.
    pub(crate) environment: Vec<(String, String)>,
}

impl Default for Options {
    /// No token, no shim.
    fn default() -> Self {
        Self { tokens: Vec::new(), shim: false, config: String::new(), environment: Vec::new() }
    }
}

impl Options {
    /// One SoftHSM token `t` with a P-256 key.
    pub(crate) fn one_token() -> Self {
        Self { tokens: vec![("t", "p256")], ..Self::default() }
    }
}

/// A desk with a daemon.
pub(crate) struct DaemonHouse {
    pub(crate) house: House,
    child: Option<Child>,
    environment: Vec<(String, String)>,
    shim: bool,
}

impl DaemonHouse {
    /// Makes the desk and starts the daemon; returns once it answers.
    #[track_caller]
    pub(crate) fn start(options: Options) -> Self {
        let mut daemon = Self::prepare(options);
        daemon.launch();
        daemon
    }

    /// Makes the desk; no daemon runs yet.
    #[track_caller]
    pub(crate) fn prepare(options: Options) -> Self {
        let house = House::new();
        for (label, kind) in &options.tokens {
            house.token(label, kind, &house.profile());
        }
        let daemon =
            Self { house, child: None, environment: options.environment, shim: options.shim };
        if options.shim {
            shim::build(daemon.house.folder.path());
            daemon.fault(shim::Fault::None, 0);
        }
        write_pinentry(&daemon.house);
        daemon.answer("accept", PIN);
        daemon.configure(&options.config);
        daemon
    }

    /// Writes the configuration; a daemon that runs sees it after [`Self::hang_up`].
    #[track_caller]
    pub(crate) fn configure(&self, daemon: &str) {
        let house = &self.house;
        let module =
            if self.shim { house.path("libkyso_shim.so") } else { house.softhsm.module().into() };
        let config = format!(
            "modules = [{module:?}]\ntrust = [{:?}]\njournal = {:?}\nlang = \"en\"\n\
             [daemon]\nsocket = {:?}\nstate = {:?}\npinentry = {:?}\n{daemon}\n",
            house.path("root.pem"),
            house.path("journal/journal.sqlite"),
            self.socket(),
            self.state(),
            house.path("pinentry"),
        );
        std::fs::write(house.path("config.toml"), config).expect("config.toml");
    }

    /// The command that runs this desk's daemon; nothing of the user's own is seen.
    pub(crate) fn command(&self) -> Command {
        let house = &self.house;
        let mut command = house.command(["daemon", "run"]);
        let folder = |name: &str| {
            let path = house.path(name);
            std::fs::create_dir_all(&path).expect("a folder");
            path
        };
        command
            .env("HOME", folder("home"))
            .env("XDG_RUNTIME_DIR", folder("runtime"))
            .env("XDG_STATE_HOME", folder("state-home"))
            .env("XDG_CONFIG_HOME", folder("config-home"))
            .env_remove("NOTIFY_SOCKET")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env("KYSO_PINENTRY_CONTROL", house.path("pinentry.control"))
            .env("KYSO_PINENTRY_LOG", house.path("pinentry.log"));
        if self.shim {
            // SoftHSM itself, which the profiles allow, sees no tokens: they are the shim's.
            let (name, tokens) = house.softhsm.variable();
            let nothing = house.path("no-tokens.conf");
            let folder = format!("directories.tokendir = {}\n", folder("no-tokens").display());
            std::fs::write(&nothing, folder).expect("SoftHSM's configuration");
            command
                .env(name, nothing)
                .env(shim::SOFTHSM2_CONF, tokens)
                .env(shim::MODULE, house.softhsm.module())
                .env(shim::FAULT, house.path("shim.fault"))
                .env(shim::LOG, house.path("shim.log"));
        }
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }

    /// Starts the daemon and waits for its first answer.
    #[track_caller]
    pub(crate) fn launch(&mut self) {
        assert!(self.child.is_none(), "a daemon runs already");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("the daemon's log");
        let child = self
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn()
            .expect("kyso daemon run");
        self.child = Some(child);
        self.wait_until("the daemon answers", |house| {
            if let Some(child) = &mut house.child
                && let Some(status) = child.try_wait().expect("its state")
            {
                panic!("the daemon ended ({status}):\n{}", house.log());
            }
            house.try_request("GET", "/healthz", &[], b"").is_ok_and(|reply| reply.status == 200)
        });
    }

    /// Polls until `done`, and fails the test after [`PATIENCE`].
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < end, "it does not happen that {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.house.path("run/kyso.sock")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.house.path("daemon-state")
    }

    fn log_path(&self) -> PathBuf {
        self.house.path("daemon.log")
    }

    /// What the daemon wrote to standard error, over all its lives.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("a daemon").id()
    }

    /// SIGKILL, at once.
    pub(crate) fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("SIGKILL");
            child.wait().expect("it is gone");
        }
    }

    /// SIGTERM, and waits for its end.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        self.ended();
    }

    /// Waits for the daemon's own end; it must be a good one.
    #[track_caller]
    pub(crate) fn ended(&mut self) {
        self.wait_until("the daemon ends", |house| {
            let child = house.child.as_mut().expect("a daemon");
            child.try_wait().expect("its state").is_some_and(|status| {
                assert!(status.success(), "{status}");
                true
            })
        });
        self.child = None;
    }

    /// SIGHUP: the configuration is read again.
    pub(crate) fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Sends a signal to the daemon, by its number.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    /// kill -9, then a new start on the same folders.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        self.kill9();
        self.launch();
    }

    /// Sets what the pinentry answers: `accept`, `deny` or `hang` for a question; a PIN, `cancel` or `hang` for a PIN.
    pub(crate) fn answer(&self, confirm: &str, pin: &str) {
        let control = self.house.path("pinentry.control");
        let next = control.with_extension("next");
        std::fs::write(&next, format!("confirm={confirm}\npin={pin}\n")).expect("the control file");
        std::fs::rename(next, control).expect("the control file");
    }

    /// What the pinentry was asked so far, one line a question: `CONFIRM <text>` or `GETPIN <text>`.
    pub(crate) fn questions(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.house.path("pinentry.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Makes the module behind the shim fail from the call after `after` good ones.
    pub(crate) fn fault(&self, fault: shim::Fault, after: u32) {
        fault.write(&self.house.path("shim.fault"), after).expect("the shim's control file");
    }

    /// The PKCS#11 calls that the shim saw.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.house.path("shim.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// A connection to the daemon.
    pub(crate) fn connect(&self) -> std::io::Result<Connection> {
        Connection::open(&self.socket())
    }

    /// One request on a connection of its own.
    pub(crate) fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Response> {
        self.connect()?.request(method, path, headers, body)
    }

    /// One request on a connection of its own, which must be answered.
    #[track_caller]
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        match self.try_request(method, path, headers, body) {
            Ok(response) => response,
            Err(error) => panic!("{method} {path}: {error}\n{}", self.log()),
        }
    }

    /// GET; JSON of an answer that must be 200.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        let response = self.request("GET", path, &[], b"");
        assert_eq!(response.status, 200, "GET {path}: {}", response.text());
        response.json()
    }

    /// POST of JSON under a fresh idempotency key.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Response {
        let key = format!("\"{}\"", fresh());
        self.post_with_key(path, &key, body)
    }

    /// POST of JSON under this idempotency key.
    #[track_caller]
    pub(crate) fn post_with_key(&self, path: &str, key: &str, body: &Value) -> Response {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        self.request("POST", path, &headers, body.to_string().as_bytes())
    }

    /// Uploads a document; gives its facts (`id`, `sha256`, …).
    #[track_caller]
    pub(crate) fn upload(&self, name: &str, bytes: &[u8]) -> Value {
        let mut connection = self.connect().expect("a connection");
        let response = connection.upload(name, bytes).expect("an answer");
        assert_eq!(response.status, 201, "{}", response.text());
        response.json()
    }

    /// Waits until `GET path` shows one of these values in `state`; gives the whole.
    #[track_caller]
    pub(crate) fn wait_for_state(&mut self, path: &str, states: &[&str]) -> Value {
        let mut found = Value::Null;
        let what = format!("{path} comes to {states:?}");
        self.wait_until(&what, |house| {
            found = house.get(path);
            found["state"].as_str().is_some_and(|state| states.contains(&state))
        });
        found
    }

    /// Waits until `GET path` shows a state in which nothing more happens; gives the whole.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self, path: &str) -> Value {
        let finals = ["succeeded", "failed", "cancelled", "denied", "timed-out", "interrupted"];
        self.wait_for_state(path, &finals)
    }

    /// Follows an event stream.
    #[track_caller]
    pub(crate) fn events(&self, path: &str, last: Option<&str>) -> Events {
        let mut connection = self.connect().expect("a connection");
        let mut headers = vec![("Accept", "text/event-stream")];
        headers.extend(last.map(|id| ("Last-Event-ID", id)));
        connection.send("GET", path, &headers, b"").expect("the request is sent");
        let (status, headers) = connection.head().expect("an answer");
        assert_eq!(status, 200, "{headers:?}");
        let body = Chunked { reader: connection.reader, left: 0, done: false };
        Events { reader: BufReader::new(body) }
    }
}

impl Drop for DaemonHouse {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A keep-alive connection.
pub(crate) struct Connection {
    reader: BufReader<UnixStream>,
}

/// An HTTP response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        super::text(&self.body)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The code of a problem document, which this must be.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{} {}",
            self.status,
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        for member in ["title", "detail", "userAction"] {
            assert!(!problem[member].as_str().expect(member).is_empty(), "{problem}");
        }
        let code = problem["code"].as_str().expect("a code").to_owned();
        assert_eq!(problem["type"], format!("urn:kyso:problem:{code}"));
        code
    }
}

impl Connection {
    pub(crate) fn open(socket: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Sends a request and reads its answer.
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Response> {
        self.send(method, path, headers, body)?;
        self.response(method)
    }

    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<()> {
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        let given = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !given("host") {
            request += "Host: localhost\r\n";
        }
        if !given("content-length") && (!body.is_empty() || method == "POST") {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += "\r\n";
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes)
    }

    /// Reads one answer.
    pub(crate) fn response(&mut self, method: &str) -> std::io::Result<Response> {
        let (status, headers) = self.head()?;
        let header = |name: &str| {
            let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let mut body = Vec::new();
        if header("transfer-encoding").is_some() {
            let mut chunked = Chunked { reader: &mut self.reader, left: 0, done: false };
            chunked.read_to_end(&mut body)?;
        } else if method != "HEAD"
            && let Some(length) = header("content-length")
        {
            body.resize(length.parse().map_err(std::io::Error::other)?, 0);
            self.reader.read_exact(&mut body)?;
        }
        Ok(Response { status, headers, body })
    }

    /// Uploads a document on this connection.
    pub(crate) fn upload(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<Response> {
        let digest = content_digest(bytes);
        let path = format!("/v1/documents?name={}", percent(name));
        let headers = [("Content-Type", "application/octet-stream"), ("Content-Digest", &*digest)];
        self.request("POST", &path, &headers, bytes)
    }

    fn head(&mut self) -> std::io::Result<(u16, Vec<(String, String)>)> {
        let status = line(&mut self.reader)?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(std::io::ErrorKind::InvalidData)?;
        let mut headers = Vec::new();
        loop {
            let line = line(&mut self.reader)?;
            match line.split_once(':') {
                None => return Ok((status, headers)),
                Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            }
        }
    }
}

/// One line without its end; the end of the connection is an error.
fn line(reader: &mut impl std::io::BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    if reader.read_line(&mut text)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end().to_owned())
}

/// A chunked body (RFC 9112 §7.1).
struct Chunked<R> {
    reader: R,
    left: usize,
    done: bool,
}

impl<R: std::io::BufRead> std::io::Read for Chunked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.done {
            return Ok(0);
        }
        if self.left == 0 {
            let size = line(&mut self.reader)?;
            let size = size.split(';').next().unwrap_or_default().trim();
            self.left = usize::from_str_radix(size, 16).map_err(std::io::Error::other)?;
            if self.left == 0 {
                line(&mut self.reader)?;
                self.done = true;
                return Ok(0);
            }
        }
        let most = buffer.len().min(self.left);
        let read = self.reader.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        if self.left == 0 {
            line(&mut self.reader)?;
        }
        Ok(read)
    }
}

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: String,
}

impl Event {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("an event's data is JSON")
    }
}

/// An event stream; ends with the response, or where the connection breaks.
pub(crate) struct Events {
    reader: BufReader<Chunked<BufReader<UnixStream>>>,
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let mut event = Event { id: None, name: "message".to_owned(), data: String::new() };
        loop {
            let mut text = String::new();
            if self.reader.read_line(&mut text).ok()? == 0 {
                return None;
            }
            let text = text.trim_end_matches(['\r', '\n']);
            if text.is_empty() {
                if !event.data.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let (field, value) = text.split_once(':').unwrap_or((text, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => event.id = Some(value.to_owned()),
                "event" => event.name = value.to_owned(),
                "data" if event.data.is_empty() => event.data = value.to_owned(),
                "data" => event.data = format!("{}\n{value}", event.data),
                _ => {}
            }
        }
    }
}

/// `Content-Digest` of these bytes (RFC 9530).
pub(crate) fn content_digest(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let digest = kyso_x509::DigestAlgorithm::Sha256.digest(bytes);
    format!("sha-256=:{}:", base64::engine::general_purpose::STANDARD.encode(digest.as_bytes()))
}

/// Text in a query (RFC 3986).
pub(crate) fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A name that was not used before in this process's lifetime, nor in another's.
pub(crate) fn fresh() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = jiff::Timestamp::now().as_nanosecond();
    format!("key-{}-{now}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A program that speaks pinentry's side of Assuan and answers as its control file says at that moment.
fn write_pinentry(house: &House) {
    const SCRIPT: &str = r#"#!/bin/sh
# confirm=accept|deny|hang, last=accept (else deny) and pin=<PIN>|cancel|hang in the control file; each question is logged before it is answered.
told() { sed -n "s/^$1=//p" "$KYSO_PINENTRY_CONTROL"; }
text=
echo 'OK pleased to meet you'
while IFS= read -r line; do
    case "$line" in
    SETDESC*) text=${line#SETDESC }; echo OK ;;
    CONFIRM*)
        printf 'CONFIRM %s\n' "$text" >> "$KYSO_PINENTRY_LOG"
        key=confirm
        # The last try before the lock is a question of its own.
        case "$text" in *'ONE TRY'*) key=last ;; esac
        case "$(told $key)" in
        accept) echo OK ;;
        hang) exec sleep 600 ;;
        *) echo 'ERR 83886194 not confirmed' ;;
        esac ;;
    GETPIN*)
        printf 'GETPIN %s\n' "$text" >> "$KYSO_PINENTRY_LOG"
        pin=$(told pin)
        case "$pin" in
        cancel) echo 'ERR 83886179 cancelled' ;;
        hang) exec sleep 600 ;;
        *) printf 'D %s\nOK\n' "$pin" ;;
        esac ;;
    BYE*) echo OK; exit 0 ;;
    *) echo OK ;;
    esac
done
"#;
    use std::os::unix::fs::PermissionsExt as _;
    let path = house.path("pinentry");
    std::fs::write(&path, SCRIPT).expect("the pinentry");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("its mode");
}
