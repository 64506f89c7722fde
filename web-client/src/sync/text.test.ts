import { expect, test } from "vitest";
import * as Y from "yjs";
import { plainText } from "./text";

function element(
  name: string,
  children: (Y.XmlElement | Y.XmlText)[],
  attributes: Record<string, string> = {},
) {
  const made = new Y.XmlElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.insert(0, children);
  return made;
}
const words = (text: string) => new Y.XmlText(text);
const paragraph = (text: string) => element("paragraph", [words(text)]);

test("headings, lists, tasks and tables keep their shape", () => {
  const doc = new Y.Doc();
  doc
    .getXmlFragment("default")
    .insert(0, [
      element("heading", [words("Décisions")], { level: "2" }),
      paragraph("Le guide est généralisé."),
      element("bulletList", [
        element("listItem", [
          paragraph("un"),
          element("bulletList", [element("listItem", [paragraph("dedans")])]),
        ]),
      ]),
      element("taskList", [
        element("taskItem", [paragraph("fait")], { checked: "true" }),
        element("taskItem", [paragraph("reste")]),
      ]),
      element("table", [
        element("tableRow", [element("tableCell", [paragraph("a")]), element("tableCell", [paragraph("b")])]),
      ]),
    ]);
  expect(plainText(doc)).toBe(
    "## Décisions\n\nLe guide est généralisé.\n\n- un\n  - dedans\n\n[x] fait\n[ ] reste\n\na\tb\n",
  );
});
