import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import i18next from "i18next";
import { useState } from "react";
import { initReactI18next } from "react-i18next";
import { afterEach, beforeAll, expect, test } from "vitest";
import french from "../i18n/locales/fr.json";
import { PeoplePicker, type PickedPerson } from "./PeoplePicker";

const BRUNO = { id: "b", name: "Bruno Lefèvre", service: "Préfecture du Gard" };
const BRUNA = { id: "c", name: "Bruna Costa" };
const ME = { id: "a", name: "Brunehilde Moi" };

beforeAll(async () => {
  await i18next.use(initReactI18next).init({ lng: "fr", resources: { fr: { translation: french } } });
});
afterEach(cleanup);

let picked: readonly PickedPerson[] = [];

function Field({ search }: { search: (text: string) => Promise<PickedPerson[]> }) {
  const [people, setPeople] = useState<PickedPerson[]>([]);
  picked = people;
  return (
    <form onSubmit={() => expect.unreachable("Enter in the field does not send the form")}>
      <PeoplePicker
        id="field"
        label="Avec qui"
        people={people}
        onChange={setPeople}
        search={search}
        without={["a"]}
      />
    </form>
  );
}

const field = () => screen.getByRole<HTMLInputElement>("combobox", { name: "Avec qui" });
const key = (name: string) => fireEvent.keyDown(field(), { key: name });

async function type(text: string): Promise<void> {
  fireEvent.focus(field());
  fireEvent.change(field(), { target: { value: text } });
  await waitFor(() => expect(field().getAttribute("aria-expanded")).toBe("true"));
}

test("people are found by typing, taken with the keys, and let go again", async () => {
  render(<Field search={async () => [ME, BRUNO, BRUNA]} />);
  await type("brun");
  // Who is not to be had isn't proposed.
  expect(screen.getAllByRole("option").map((option) => option.getAttribute("aria-selected"))).toEqual([
    "true",
    "false",
  ]);
  expect(field().getAttribute("aria-activedescendant")).toBe(screen.getAllByRole("option")[0]?.id);
  key("ArrowDown");
  key("Enter");
  expect(picked).toEqual([BRUNA]);
  expect(field().value).toBe("");
  await type("brun");
  // Nor who has been taken.
  expect(screen.getAllByRole("option")).toHaveLength(1);
  fireEvent.click(screen.getByRole("option", { name: /Bruno/ }));
  expect(picked).toEqual([BRUNA, BRUNO]);
  key("Backspace");
  expect(picked).toEqual([BRUNA]);
  fireEvent.click(screen.getByRole("button", { name: "Retirer Bruna Costa" }));
  expect(picked).toEqual([]);
});

test("Escape closes the list, and typing opens it again", async () => {
  render(<Field search={async () => [BRUNO]} />);
  await type("br");
  key("Escape");
  expect(field().getAttribute("aria-expanded")).toBe("false");
  key("Enter");
  expect(picked).toEqual([]);
  await type("bru");
});

test("nobody found, and a search that fails, are said", async () => {
  const { unmount } = render(<Field search={async () => []} />);
  fireEvent.change(field(), { target: { value: "zzz" } });
  await screen.findByText(/Personne ne répond à/);
  unmount();
  render(<Field search={() => Promise.reject(new Error("away"))} />);
  fireEvent.change(field(), { target: { value: "zzz" } });
  await screen.findByText(/La recherche n’a pas abouti/);
});
