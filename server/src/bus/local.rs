//! The bus of a node that is alone: nobody listens.

use bytes::Bytes;
use uuid::Uuid;

use super::{Bus, Ear, Link, NodeId, Subscribed, Topic};

#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

impl Bus for Local {
    fn node(&self) -> NodeId {
        Uuid::nil()
    }

    fn link(&self) -> Link {
        Link::Alone
    }

    fn publish(&self, _topic: Topic, _envelope: Bytes) {}

    fn subscribe(&self, _topic: Topic, _ear: Ear) -> Subscribed {
        Box::pin(std::future::ready(()))
    }

    fn unsubscribe(&self, _topic: Topic) {}
}
