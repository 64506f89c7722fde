//! Acknowledgements: what a message is owed, and until when it waits.
//!
//! One message may be taken in parts: some at once, some when what they build on has come, some when their
//! owner has been asked. Each part holds a share of the receipt; the last one to be taken settles it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use crdt_store::ClientId;
use tokio::sync::oneshot;

use super::session::SessionId;

/// What is sent, or done, once everything before it is in the database.
#[derive(Debug)]
pub(super) enum Due {
    /// "Stored", for so many messages.
    Status(SessionId, u32),
    /// The bytes of an update, which their own sender takes for its acknowledgement.
    Echo(SessionId, Bytes),
    /// The other nodes learn that the owner of an id has been asked.
    Answered(ClientId),
    /// Somebody waits for all that is pending now.
    Done(oneshot::Sender<()>),
}

/// What a message is acknowledged by if all of it comes after all.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owed {
    Nothing,
    Statuses(u32),
    Echo(Bytes),
}

#[derive(Debug)]
pub(super) struct Receipt {
    due: Due,
    /// The place up to which what was heard from other nodes has to land before.
    after: Option<u64>,
    void: AtomicBool,
}

pub(super) type SharedReceipt = Arc<Receipt>;

impl Receipt {
    pub fn new(due: Due, after: Option<u64>) -> SharedReceipt {
        Arc::new(Self { due, after, void: AtomicBool::new(false) })
    }

    /// A part was refused: the message is not acknowledged as a whole. Says what is owed from now on; nothing if that
    /// was so already.
    pub fn void(&self) -> Owed {
        match (self.void.swap(true, Ordering::Relaxed), &self.due) {
            (false, Due::Status(_, count)) => Owed::Statuses(*count),
            (false, Due::Echo(_, update)) => Owed::Echo(update.clone()),
            _ => Owed::Nothing,
        }
    }

    /// Gives back one share. The last one gets what is due and what it waits for, unless a part was refused.
    pub fn settle(receipt: SharedReceipt) -> Option<(Due, Option<u64>)> {
        let receipt = Arc::try_unwrap(receipt).ok()?;
        (!receipt.void.load(Ordering::Relaxed)).then_some((receipt.due, receipt.after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_settled_by_its_last_share_and_never_when_a_part_was_refused() {
        let receipt = Receipt::new(Due::Status(SessionId(1), 1), None);
        let share = receipt.clone();
        assert!(Receipt::settle(receipt).is_none());
        assert!(Receipt::settle(share).is_some());

        let receipt = Receipt::new(Due::Status(SessionId(1), 3), None);
        assert_eq!(receipt.void(), Owed::Statuses(3));
        assert_eq!(receipt.void(), Owed::Nothing);
        assert!(Receipt::settle(receipt).is_none());
    }
}
