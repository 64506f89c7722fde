import { useTranslation } from "react-i18next";
import type { CommunityPlace } from "../../api";
import { Face } from "../../ui/Face";
import { Forbidden } from "../../ui/States";
import { JoinButton } from "./JoinButton";

const NAMED = 3;

/** One knows that the community exists, and not what is in it: whom to ask, and the way in. */
export function MembersOnly({ place }: { place: CommunityPlace }) {
  const { t } = useTranslation();
  return (
    <Forbidden action={place.archived ? undefined : <JoinButton community={place} />}>
      <span>{t("community.membersOnly", { name: place.name })}</span>
      {place.leaders.length > 0 ? (
        <span className="meta line asked-of">
          {t("communities.ledBy")}
          {place.leaders.slice(0, NAMED).map((leader) => (
            <span className="line tight" key={leader.id}>
              <Face id={leader.id} name={leader.name} outsider={leader.outsider} size="xs" />
              {leader.name}
            </span>
          ))}
        </span>
      ) : null}
    </Forbidden>
  );
}
