import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, GripVertical, Plus, X } from "lucide-react";
import { type PointerEvent, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CommunityPlace, FEATURES, type Feature, placeQuery, setFeatures } from "../../api";
import { announce } from "../../ui/Announcer";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toasts";
import { FEATURE_ICONS, useProblemWords } from "./words";

export function moved(features: readonly Feature[], feature: Feature, to: number): Feature[] {
  const rest = features.filter((one) => one !== feature);
  const at = Math.max(0, Math.min(to, rest.length));
  return [...rest.slice(0, at), feature, ...rest.slice(at)];
}

/** Shows the new order at once, everywhere; sends it; takes it back when it is refused. */
function useCompose(slug: string) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const { queryKey } = placeQuery(slug);
  const { mutate } = useMutation({
    mutationKey: ["compose", slug],
    // One after the other: the last wish is the one that stays.
    scope: { id: `compose ${slug}` },
    mutationFn: ({ features }: { features: Feature[]; removed?: Feature }) => setFeatures(slug, features),
    onMutate: async ({ features }) => {
      await queries.cancelQueries({ queryKey, exact: true });
      const before = queries.getQueryData(queryKey);
      queries.setQueryData(queryKey, (place) => (place ? { ...place, features } : place));
      return { before };
    },
    onError: (error, _wanted, context) => {
      queries.setQueryData(queryKey, context?.before);
      toast({ text: why(error) });
    },
    onSuccess: (_place, { removed }, context) => {
      const before = context?.before?.features;
      if (!removed || !before) return;
      toast({
        text: t("composition.removed", { name: t(`composition.features.${removed}.name`) }),
        undo: () => mutate({ features: before }),
      });
    },
    onSettled: () => {
      if (queries.isMutating({ mutationKey: ["compose", slug] }) === 1)
        void queries.invalidateQueries({ queryKey, exact: true });
    },
  });
  return mutate;
}

type Drag = { feature: Feature; order: Feature[] };

/** Which lists the community has, and in which order: by buttons, or by pulling at the handle. */
export function Composition({ place }: { place: CommunityPlace }) {
  const { t } = useTranslation();
  const compose = useCompose(place.slug);
  const list = useRef<HTMLOListElement>(null);
  const focusNext = useRef<string | null>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const features = drag?.order ?? place.features;
  const missing = FEATURES.filter((feature) => !features.includes(feature));
  const name = (feature: Feature) => t(`composition.features.${feature}.name`);

  // A row that changes place loses the focus in some browsers; whoever pressed its button goes on from there.
  useLayoutEffect(() => {
    const wanted = focusNext.current;
    const button = wanted && document.querySelector<HTMLElement>(`[data-focus="${wanted}"]`);
    if (!button) return;
    focusNext.current = null;
    const closed = button.getAttribute("aria-disabled") === "true";
    (closed
      ? button.parentElement?.querySelector<HTMLElement>("button:not([aria-disabled])")
      : button
    )?.focus();
  });

  function settle(feature: Feature, to: number): void {
    const order = moved(place.features, feature, to);
    announce(
      t("composition.movedTo", { name: name(feature), at: order.indexOf(feature) + 1, of: order.length }),
    );
    compose({ features: order });
  }

  function step(feature: Feature, by: -1 | 1): void {
    const from = place.features.indexOf(feature);
    const to = from + by;
    if (to < 0 || to >= place.features.length) {
      announce(t(to < 0 ? "composition.atTop" : "composition.atEnd", { name: name(feature) }));
      return;
    }
    focusNext.current = `${feature} ${by === -1 ? "up" : "down"}`;
    settle(feature, to);
  }

  function onGrab(event: PointerEvent<HTMLElement>, feature: Feature): void {
    if (event.button !== 0) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ feature, order: place.features });
  }

  function onPull(event: PointerEvent<HTMLElement>): void {
    if (!drag || !list.current) return;
    const rows = [...list.current.children].filter(
      (row) => (row as HTMLElement).dataset.feature !== drag.feature,
    );
    const above = rows.filter((row) => {
      const { top, height } = row.getBoundingClientRect();
      return top + height / 2 < event.clientY;
    }).length;
    const order = moved(drag.order, drag.feature, above);
    if (order.some((one, at) => one !== drag.order[at])) setDrag({ ...drag, order });
  }

  function onDrop(): void {
    if (!drag) return;
    const to = drag.order.indexOf(drag.feature);
    if (to !== place.features.indexOf(drag.feature)) settle(drag.feature, to);
    setDrag(null);
  }

  return (
    <>
      <ol className="compose" ref={list}>
        {features.map((feature, at) => (
          <li
            key={feature}
            data-feature={feature}
            className={drag?.feature === feature ? "pulled" : undefined}
          >
            <span
              className="grip"
              title={t("composition.drag")}
              aria-hidden="true"
              onPointerDown={(event) => onGrab(event, feature)}
              onPointerMove={onPull}
              onPointerUp={onDrop}
              onPointerCancel={() => setDrag(null)}
            >
              <Icon of={GripVertical} />
            </span>
            <span className="glyph">
              <Icon of={FEATURE_ICONS[feature]} />
            </span>
            <span className="grow">
              <span className="strong">{name(feature)}</span>
              <span className="meta hint-line">{t(`composition.features.${feature}.hint`)}</span>
            </span>
            <span className="compose-acts">
              <button
                type="button"
                className="icon-btn"
                data-focus={`${feature} up`}
                aria-label={t("composition.up", { name: name(feature) })}
                title={t(at === 0 ? "composition.atTop" : "composition.up", { name: name(feature) })}
                aria-disabled={at === 0 || undefined}
                onClick={() => step(feature, -1)}
              >
                <Icon of={ArrowUp} />
              </button>
              <button
                type="button"
                className="icon-btn"
                data-focus={`${feature} down`}
                aria-label={t("composition.down", { name: name(feature) })}
                title={t(at === features.length - 1 ? "composition.atEnd" : "composition.down", {
                  name: name(feature),
                })}
                aria-disabled={at === features.length - 1 || undefined}
                onClick={() => step(feature, 1)}
              >
                <Icon of={ArrowDown} />
              </button>
              <button
                type="button"
                className="icon-btn"
                aria-label={t("composition.remove", { name: name(feature) })}
                title={
                  features.length === 1
                    ? t("composition.last")
                    : t("composition.remove", { name: name(feature) })
                }
                aria-disabled={features.length === 1 || undefined}
                onClick={() => {
                  if (place.features.length === 1) {
                    announce(t("composition.last"));
                    return;
                  }
                  focusNext.current = `${feature} add`;
                  announce(t("composition.removed", { name: name(feature) }));
                  compose({ features: place.features.filter((one) => one !== feature), removed: feature });
                }}
              >
                <Icon of={X} />
              </button>
            </span>
          </li>
        ))}
      </ol>
      {features.length === 1 ? <p className="meta top">{t("composition.last")}</p> : null}
      {missing.length > 0 ? (
        <>
          <h3 className="top3">{t("composition.toAdd")}</h3>
          <ul className="compose add">
            {missing.map((feature) => (
              <li key={feature}>
                <span className="glyph">
                  <Icon of={FEATURE_ICONS[feature]} />
                </span>
                <span className="grow">
                  <span className="strong">{name(feature)}</span>
                  <span className="meta hint-line">{t(`composition.features.${feature}.hint`)}</span>
                </span>
                <button
                  type="button"
                  className="btn small edge"
                  data-focus={`${feature} add`}
                  aria-label={t("composition.addOne", { name: name(feature) })}
                  onClick={() => {
                    focusNext.current = `${feature} up`;
                    announce(t("composition.added", { name: name(feature) }));
                    compose({ features: [...place.features, feature] });
                  }}
                >
                  <Icon of={Plus} small />
                  {t("composition.add")}
                </button>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </>
  );
}
