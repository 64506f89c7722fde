import { Editor, getSchema } from "@tiptap/core";
import { afterEach, expect, test } from "vitest";
import * as Y from "yjs";
import { documentExtensions } from "./extensions";
import { completeAddress } from "./LinkDialog";

const editors: Editor[] = [];

function extensions(doc: Y.Doc) {
  return documentExtensions({
    doc,
    awareness: null,
    placeholder: "",
    taskLabel: (text) => text,
    toToolbar: () => {},
    editLink: () => {},
    slash: { onChange: () => {}, onKey: () => false },
  });
}

function open(doc: Y.Doc): Editor {
  const editor = new Editor({ extensions: extensions(doc), injectCSS: false });
  editors.push(editor);
  return editor;
}

/** What a second person sees: every update of one goes to the other. */
function pair(): [Y.Doc, Y.Doc] {
  const [a, b] = [new Y.Doc(), new Y.Doc()];
  a.on("update", (update, origin) => origin !== "relay" && Y.applyUpdate(b, update, "relay"));
  b.on("update", (update, origin) => origin !== "relay" && Y.applyUpdate(a, update, "relay"));
  return [a, b];
}

afterEach(() => {
  for (const editor of editors.splice(0)) editor.destroy();
});

test("opening an empty document writes nothing into it", () => {
  const doc = new Y.Doc();
  open(doc);
  expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(new Y.Doc()));
});

test("a document that ends in a table is not written to by being opened", () => {
  const [a, b] = pair();
  open(a).commands.insertTable({ rows: 2, cols: 2, withHeaderRow: true });
  const before = Y.encodeStateVector(b);
  open(b);
  expect(Y.encodeStateVector(b)).toEqual(before);
});

test("undo takes back one's own words and leaves the others'", () => {
  const [a, b] = pair();
  const [mine, theirs] = [open(a), open(b)];
  mine.commands.insertContent("bonjour ");
  theirs.commands.insertContentAt(theirs.state.doc.content.size - 1, "le monde");
  expect(mine.getText()).toContain("le monde");
  mine.commands.undo();
  expect(mine.getText()).not.toContain("bonjour");
  expect(mine.getText()).toContain("le monde");
  expect(theirs.getText()).toBe(mine.getText());
});

test("a first level in the text is drawn as a second: the page has one title", () => {
  const editor = open(new Y.Doc());
  editor.commands.setContent([
    { type: "heading", attrs: { level: 1 }, content: [{ type: "text", text: "Titre" }] },
  ]);
  expect(editor.view.dom.querySelector("h1")).toBeNull();
  expect(editor.view.dom.querySelector("h2")?.textContent).toBe("Titre");
});

test("nothing in the text carries a style attribute", () => {
  const editor = open(new Y.Doc());
  editor.commands.setContent(
    "<h2>a</h2><ul><li>b</li></ul><blockquote><p>c</p></blockquote><p><a href='https://x.example'>d</a></p>",
  );
  editor.commands.insertTable({ rows: 2, cols: 2, withHeaderRow: true });
  expect(editor.getHTML()).not.toContain("style=");
  expect(editor.view.dom.querySelector(".scroll-x table")).not.toBeNull();
});

test("the schema knows the marks of the suggestion mode to come", () => {
  const schema = getSchema(extensions(new Y.Doc()));
  for (const mark of ["insertion", "deletion", "modification"]) expect(schema.marks).toHaveProperty(mark);
});

test("an address is completed as a person would mean it", () => {
  expect(completeAddress(" exemple.fr/page ")).toBe("https://exemple.fr/page");
  expect(completeAddress("awa@exemple.fr")).toBe("mailto:awa@exemple.fr");
  expect(completeAddress("http://exemple.fr")).toBe("http://exemple.fr");
  expect(completeAddress("")).toBe("");
});
