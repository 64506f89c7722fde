import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import * as admin from "../../features/admin";
import { useInside } from "../Root";

/** For who runs the instance; the others are told so, and nothing is asked in their name. */
function Run({ children }: { children: ReactNode }) {
  return useInside().me.is_administrator ? children : <admin.NotYours />;
}

export const OverviewRoute = () => (
  <Run>
    <admin.OverviewPage />
  </Run>
);

export const AuditRoute = () => (
  <Run>
    <admin.AuditPage />
  </Run>
);

export const InstanceRoute = () => (
  <Run>
    <admin.InstancePage />
  </Run>
);

export const CommunitiesRoute = () => (
  <Run>
    <admin.CommunitiesPage />
  </Run>
);

export function PeopleRoute() {
  const { me } = useInside();
  return (
    <Run>
      <admin.PeoplePage selfId={me.id} />
    </Run>
  );
}

export function QueueRoute() {
  const { me } = useInside();
  return (
    <Run>
      <admin.QueuePage id={null} me={me} />
    </Run>
  );
}

export function RequestRoute() {
  const { id } = useParams({ from: "/admin/requests/$id" });
  const { me } = useInside();
  return (
    <Run>
      <admin.QueuePage id={id} me={me} />
    </Run>
  );
}
