/** Tests on a node that sends letters, and the box they come to. */
import { Mailbox } from "./mailbox.ts";
import { Node } from "./node.ts";
import { test as base } from "./people.ts";

export const test = base.extend<object, { mailbox: Mailbox; node: Node }>({
  mailbox: [
    // biome-ignore lint/correctness/noEmptyPattern: the shape the runner asks for
    async ({}, use) => {
      const mailbox = await Mailbox.open();
      await use(mailbox);
      await mailbox.close();
    },
    { scope: "worker" },
  ],
  node: [
    async ({ mailbox }, use) => {
      const node = await Node.start((url) => ({
        UNISSON_PUBLIC_URL: url,
        UNISSON_MAIL_SMTP: mailbox.address,
        UNISSON_MAIL_FROM: "Unisson <unisson@demo.example>",
      }));
      await use(node);
      await node.stop();
    },
    { scope: "worker" },
  ],
});
