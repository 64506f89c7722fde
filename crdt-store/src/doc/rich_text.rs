//! Writing rich text: the shape of a document as a small tree of blocks, and the updates that bring it about.
//!
//! The names of nodes, marks and attributes are those of Tiptap 3 (StarterKit, links, task lists, tables),
//! so that the editor shows what is written here as if it had been typed.

use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use yrs::{
    Any, ClientID, ReadTxn, StateVector, Text, Transact, TransactionMut, Xml, XmlElementPrelim, XmlElementRef,
    XmlFragment, XmlTextPrelim, types::Attrs,
};

use super::{Change, DocError, Edit, whole};

/// The name of the rich text in its document, as the editor has it.
pub(super) const ROOT: &str = "default";

/// One block of a rich text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// `level` from 1 to 6.
    Heading {
        level: u8,
        text: Vec<Span>,
    },
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

/// The update that makes an empty document hold `blocks`, written under `client`. The same client and blocks
/// give the same bytes.
pub fn seed_rich_text(client: u64, blocks: &[Block]) -> Result<Bytes, DocError> {
    let doc = whole::empty(client);
    let root = doc.get_or_insert_xml_fragment(ROOT);
    {
        let mut change = doc.transact_mut();
        push_blocks(&mut change, &root, blocks)?;
    }
    let view = doc.transact();
    Ok(view.encode_diff_v1(&StateVector::default()).into())
}

/// The update that makes `edit` in the document, and nothing else.
pub fn edit(parts: &[Bytes], edit: &Edit) -> Result<Bytes, DocError> {
    let doc = whole::empty(edit.client);
    whole::apply_all(&doc, parts, |_, _| {})?;
    if doc.transact().state_vector().get(&ClientID::new(edit.client)) > 0 {
        return Err(DocError::BadEdit(format!("client {} has written here before", edit.client)));
    }
    let root = doc.get_or_insert_xml_fragment(ROOT);
    let mut change = doc.transact_mut();
    match &edit.change {
        Change::Append(blocks) => push_blocks(&mut change, &root, blocks)?,
        Change::Replace(blocks) => {
            let len = root.len(&change);
            if len > 0 {
                root.remove_range(&mut change, 0, len);
            }
            push_blocks(&mut change, &root, blocks)?;
        }
    }
    Ok(change.encode_update_v1().into())
}

fn push_blocks(change: &mut TransactionMut, parent: &impl XmlFragment, blocks: &[Block]) -> Result<(), DocError> {
    for block in blocks {
        match block {
            Block::Heading { level, text } => {
                if !(1..=6).contains(level) {
                    return Err(DocError::BadEdit(format!("there is no heading of level {level}")));
                }
                let heading = push_element(change, parent, "heading");
                heading.insert_attribute(change, "level", i64::from(*level));
                push_spans(change, &heading, text);
            }
            Block::Paragraph(text) => push_paragraph(change, parent, text),
            Block::BulletList(items) | Block::OrderedList(items) => {
                let ordered = matches!(block, Block::OrderedList(_));
                let list = push_element(change, parent, if ordered { "orderedList" } else { "bulletList" });
                for item in items {
                    let item_node = push_element(change, &list, "listItem");
                    push_blocks(change, &item_node, item)?;
                }
            }
            Block::TaskList(tasks) => {
                let list = push_element(change, parent, "taskList");
                for task in tasks {
                    let item = push_element(change, &list, "taskItem");
                    item.insert_attribute(change, "checked", task.checked);
                    push_blocks(change, &item, &task.content)?;
                }
            }
            Block::Table(rows) => {
                let table = push_element(change, parent, "table");
                for (number, cells) in rows.iter().enumerate() {
                    let row = push_element(change, &table, "tableRow");
                    for text in cells {
                        let cell = push_element(change, &row, if number == 0 { "tableHeader" } else { "tableCell" });
                        push_paragraph(change, &cell, text);
                    }
                }
            }
            Block::Quote(content) => {
                let quote = push_element(change, parent, "blockquote");
                push_blocks(change, &quote, content)?;
            }
            Block::Rule => {
                push_element(change, parent, "horizontalRule");
            }
        }
    }
    Ok(())
}

fn push_element(change: &mut TransactionMut, parent: &impl XmlFragment, name: &str) -> XmlElementRef {
    parent.push_back(change, XmlElementPrelim::empty(name))
}

fn push_paragraph(change: &mut TransactionMut, parent: &impl XmlFragment, spans: &[Span]) {
    let paragraph = push_element(change, parent, "paragraph");
    push_spans(change, &paragraph, spans);
}

/// One text node for all spans. The marks follow one by one: their order in the bytes would else be chance.
fn push_spans(change: &mut TransactionMut, parent: &XmlElementRef, spans: &[Span]) {
    let words: String = spans.iter().map(|span| span.text.as_str()).collect();
    if words.is_empty() {
        return;
    }
    let text = parent.push_back(change, XmlTextPrelim::new(words));
    let mut start = 0;
    for span in spans {
        let len = span.text.encode_utf16().count() as u32;
        if len > 0 {
            for (mark, value) in span.marks() {
                text.format(change, start, len, Attrs::from([(mark.into(), value)]));
            }
        }
        start += len;
    }
}

impl Span {
    /// The marks as the editor's binding stores them: a map of attributes under the mark's name.
    fn marks(&self) -> Vec<(&'static str, Any)> {
        let mut marks = Vec::new();
        if self.bold {
            marks.push(("bold", Any::from(HashMap::<String, Any>::new())));
        }
        if self.italic {
            marks.push(("italic", Any::from(HashMap::<String, Any>::new())));
        }
        if let Some(href) = &self.link {
            marks.push(("link", Any::from(HashMap::from([("href".to_owned(), Any::from(href.as_str()))]))));
        }
        marks
    }
}
