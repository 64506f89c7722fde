import { useInfiniteQuery } from "@tanstack/react-query";
import { SearchX } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Me, peopleQuery } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Listed, SearchField, useSettled } from "../../ui/Lists";
import { Empty } from "../../ui/States";
import { DirectorySwitch } from "./DirectorySwitch";
import { PersonLine } from "./words";
import "./communities.css";

/** Who is here: agents who let themselves be found, and everybody one shares a community with. */
export function PeoplePage({ me }: { me: Me }) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [community, setCommunity] = useState<string | null>(null);
  const q = useSettled(typed.trim());
  const list = useInfiniteQuery(peopleQuery({ q, community }));
  usePageTitle(t("directory.people"));
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <div>
          <h1>{t("directory.people")}</h1>
          <p className="lede">
            {t(me.role === "outsider" ? "directory.peopleOutsiderHint" : "directory.peopleHint")}
          </p>
        </div>
        <div className="actions">
          <DirectorySwitch />
        </div>
      </div>
      <div className="page-body">
        <div className="filters">
          <div className="field wide">
            <SearchField
              label={t("directory.searchPeople")}
              placeholder={t("members.searchHint")}
              value={typed}
              onChange={setTyped}
            />
          </div>
          {me.communities.length > 0 ? (
            <div className="field">
              <label className="sr" htmlFor={id}>
                {t("directory.inCommunity")}
              </label>
              <select
                id={id}
                className="select"
                value={community ?? ""}
                onChange={(event) => setCommunity(event.target.value || null)}
              >
                <option value="">{t("directory.everywherePeople")}</option>
                {me.communities.map((one) => (
                  <option key={one.id} value={one.slug}>
                    {one.name}
                  </option>
                ))}
              </select>
            </div>
          ) : null}
        </div>
        <Listed
          list={list}
          loading={t("directory.peopleLoading")}
          failed={t("directory.peopleFailed")}
          empty={
            <Empty icon={SearchX}>
              {q === "" ? t("directory.nobody") : t("directory.nobodyCalled", { text: q })}
            </Empty>
          }
        >
          {(items) => (
            <ul className="people-grid" aria-busy={list.isPlaceholderData}>
              {items.map((person) => (
                <li key={person.id}>
                  <PersonLine person={person} selfId={me.id} />
                </li>
              ))}
            </ul>
          )}
        </Listed>
      </div>
    </div>
  );
}
