//! Rich text from nothing: the shape of a document as a small tree of blocks.
//!
//! The names of nodes, marks and attributes are those of Tiptap 3 (StarterKit, links, task lists, tables),
//! so that the editor shows what is written here as if it had been typed.

use serde::{Deserialize, Serialize};

/// One block of a rich text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// `level` from 1 to 6.
    Heading { level: u8, text: Vec<Span> },
    Paragraph(Vec<Span>),
    BulletList(Vec<Vec<Block>>),
    OrderedList(Vec<Vec<Block>>),
    TaskList(Vec<Task>),
    /// Rows of cells; the first row is the head.
    Table(Vec<Vec<Vec<Span>>>),
    Quote(Vec<Block>),
    Rule,
}

/// One line of a task list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub checked: bool,
    pub content: Vec<Block>,
}

/// A run of words with the same marks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub text: String,
    pub bold: bool,
    pub italic: bool,
    pub link: Option<String>,
}

impl Span {
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub fn bold(text: impl Into<String>) -> Self {
        Self { text: text.into(), bold: true, ..Self::default() }
    }

    pub fn italic(text: impl Into<String>) -> Self {
        Self { text: text.into(), italic: true, ..Self::default() }
    }

    pub fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), link: Some(href.into()), ..Self::default() }
    }
}
