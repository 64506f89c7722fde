import { Outlet, useParams } from "@tanstack/react-router";
import * as admin from "../../features/admin";
import { useInside } from "../Root";

export const OverviewRoute = admin.OverviewPage;
export const AuditRoute = admin.AuditPage;
export const InstanceRoute = admin.InstancePage;
export const CommunitiesRoute = admin.CommunitiesPage;

/** For who runs the instance; the others are told so, and nothing is asked in their name. */
export function AdminRoute() {
  return useInside().me.is_administrator ? <Outlet /> : <admin.NotYours />;
}

export function PeopleRoute() {
  return <admin.PeoplePage selfId={useInside().me.id} />;
}

export function QueueRoute() {
  return <admin.QueuePage id={null} me={useInside().me} />;
}

export function RequestRoute() {
  const { id } = useParams({ from: "/admin/requests/$id" });
  return <admin.QueuePage id={id} me={useInside().me} />;
}
