/** The words of a document as plain text, for keeping when the server won't take them. */
import * as Y from "yjs";

function inline(node: Y.XmlElement | Y.XmlText): string {
  if (node instanceof Y.XmlText) {
    return node
      .toDelta()
      .map((part: { insert: unknown }) => (typeof part.insert === "string" ? part.insert : ""))
      .join("");
  }
  if (node.nodeName === "hardBreak") return "\n";
  return node
    .toArray()
    .map((child) => (child instanceof Y.XmlHook ? "" : inline(child as Y.XmlElement | Y.XmlText)))
    .join("");
}

function block(element: Y.XmlElement, indent: string, mark: string): string[] {
  const children = element.toArray().filter((child): child is Y.XmlElement => child instanceof Y.XmlElement);
  switch (element.nodeName) {
    case "heading":
      return [`${indent}${"#".repeat(Number(element.getAttribute("level") ?? 1))} ${inline(element)}`, ""];
    case "paragraph":
      return [`${indent}${mark}${inline(element)}`, ...(mark || indent ? [] : [""])];
    case "bulletList":
    case "taskList":
    case "orderedList":
      return [
        ...children.flatMap((item, at) => {
          const checked = String(item.getAttribute("checked") ?? "") === "true";
          const bullet =
            element.nodeName === "orderedList"
              ? `${at + 1}. `
              : element.nodeName === "taskList"
                ? checked
                  ? "[x] "
                  : "[ ] "
                : "- ";
          return block(item, indent, bullet);
        }),
        ...(indent ? [] : [""]),
      ];
    case "listItem":
    case "taskItem":
      return children.flatMap((child, at) =>
        at === 0 ? block(child, indent, mark) : block(child, `${indent}  `, ""),
      );
    case "blockquote":
      return [...children.flatMap((child) => block(child, `${indent}> `, "")), ""];
    case "table":
      return [
        ...children.map((row) =>
          row
            .toArray()
            .map((cell) => inline(cell as Y.XmlElement))
            .join("\t"),
        ),
        "",
      ];
    case "horizontalRule":
      return ["---", ""];
    default:
      return children.length > 0
        ? children.flatMap((child) => block(child, indent, mark))
        : [`${indent}${mark}${inline(element)}`, ""];
  }
}

export function plainText(doc: Y.Doc): string {
  const lines = doc
    .getXmlFragment("default")
    .toArray()
    .flatMap((child) => (child instanceof Y.XmlElement ? block(child, "", "") : []));
  return `${lines.join("\n").trimEnd()}\n`;
}

/** Hands `text` to the browser as a file. */
export function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
