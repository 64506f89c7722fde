//! Limits and patience of the live engine. Sizes are in encoded bytes.

use std::time::Duration;

/// What a node allows its rooms and sockets. The defaults suit a document of some hundred pages.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A document, snapshot and log together; beyond it the document stays readable and takes nothing new.
    pub document_bytes: usize,
    /// One update of a live client. What was written offline comes in one message, as large as a document.
    pub update_bytes: usize,
    /// One frame, whatever it says. Above it the socket is closed, since nothing can be answered to half a frame.
    pub frame_bytes: usize,
    /// The state of one person in presence.
    pub awareness_bytes: usize,
    /// People that presence tells of in one room.
    pub presence_entries: usize,
    /// Edits of one room that wait for the database. Beyond it the room is read-only until the database is back.
    pub pending_bytes: usize,
    /// Edits of one room heard from other nodes that are not in the database as far as is known. What comes beyond it
    /// is taken when it is.
    pub unlanded_bytes: usize,
    /// Parts of messages of one session that wait for what they build on.
    pub held_bytes: usize,
    /// What waits to be sent to one socket, the first synchronisation not counted. Beyond it the socket is closed.
    pub outbox_bytes: usize,
    /// Of a client that comes over plain HTTP: what is on its way to it and not yet confirmed.
    pub window_bytes: usize,
    /// And for how long such a client may be away before its connection is over.
    pub resume_within: Duration,
    /// What a document's session may send before its token is judged.
    pub waiting_bytes: usize,
    pub waiting_frames: usize,
    /// What all sockets together may hold of large messages that are still coming in: those whose first token is not
    /// judged yet, and the others.
    pub strangers_bytes: u64,
    pub incoming_bytes: u64,
    /// Sockets of one person, and from one address. 0: without limit.
    pub sockets_per_person: usize,
    pub sockets_per_address: usize,
    /// Documents on one socket.
    pub documents_per_socket: usize,
    /// Messages of one socket that rooms have not looked at yet. The socket isn't read meanwhile.
    pub messages_in_flight: usize,
    /// Messages of one socket a second that are no edits, and edits. Faster ones wait, beyond a reserve. 0: without limit.
    pub chatter_per_second: u32,
    pub edits_per_second: u32,
    /// From the Auth frame to the verdict.
    pub judge_timeout: Duration,
    /// For an Auth frame to come.
    pub auth_timeout: Duration,
    /// A client that has been sent nothing for so long gets an empty presence message.
    pub heartbeat_after: Duration,
    /// A socket that has said nothing at all for so long is taken for dead.
    pub silence_timeout: Duration,
    /// A socket that takes nothing for so long is closed.
    pub write_timeout: Duration,
    /// Between two looks at how far the logs of the open documents have come.
    pub heads_interval: Duration,
    /// Between two looks at the rights of all sessions.
    pub rights_interval: Duration,
    /// An empty room leaves memory after so long.
    pub idle_after: Duration,
    /// Between two presence messages of one room.
    pub presence_interval: Duration,
    /// Log rows, and bytes of them, after which a document is compacted.
    pub compact_rows: u64,
    pub compact_bytes: usize,
    /// From the start of a commit to the next one's while little is written. A busy node commits more often.
    pub commit_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            document_bytes: 64 << 20,
            update_bytes: 64 << 20,
            frame_bytes: 128 << 20,
            awareness_bytes: 16 << 10,
            presence_entries: 2_000,
            pending_bytes: 64 << 20,
            unlanded_bytes: 16 << 20,
            held_bytes: 16 << 20,
            outbox_bytes: 16 << 20,
            window_bytes: 1 << 20,
            resume_within: Duration::from_secs(30),
            waiting_bytes: 64 << 10,
            waiting_frames: 100,
            strangers_bytes: 64 << 20,
            incoming_bytes: 512 << 20,
            sockets_per_person: 100,
            sockets_per_address: 2_000,
            documents_per_socket: 1_000,
            messages_in_flight: 64,
            chatter_per_second: 400,
            edits_per_second: 2_000,
            judge_timeout: Duration::from_secs(10),
            auth_timeout: Duration::from_secs(60),
            heartbeat_after: Duration::from_secs(15),
            silence_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            heads_interval: Duration::from_millis(750),
            rights_interval: Duration::from_secs(2),
            idle_after: Duration::from_secs(30),
            presence_interval: Duration::from_millis(100),
            compact_rows: 500,
            compact_bytes: 256 << 10,
            commit_interval: Duration::from_millis(40),
        }
    }
}
