import { useLayoutEffect, useRef } from 'react';

export interface Key {
  /** Shown by `?`. */
  does: string;
  run: () => void;
}
/** By what is typed: `j`, `/`, `Enter`, or two keys one after the other (`g r`). */
export type Keys = Record<string, Key>;

const layers: { current: Keys }[] = [];
let pending = '';
let forget = 0;

/** What every key does at the moment; what the page says counts before what the shell says. */
export function known(): { key: string; does: string }[] {
  const all = new Map<string, string>();
  for (const layer of layers) for (const [key, { does }] of Object.entries(layer.current)) all.set(key, does);
  return [...all].map(([key, does]) => ({ key, does }));
}

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || !!target.shadowRoot);

function press(event: KeyboardEvent) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target)) {
    if (event.key === 'Escape') {
      // The field is left as it is: engines would empty one of a search.
      event.preventDefault();
      (event.target as HTMLElement).blur();
    }
    return;
  }
  // Enter and space belong to the button or link that has the focus, and all keys to an open dialog.
  const focused = event.target instanceof Element ? event.target : null;
  if (focused?.closest('[role="dialog"], [role="menu"]')) return;
  if ((event.key === 'Enter' || event.key === ' ') && focused?.closest('a, button, summary, [role="button"]'))
    return;
  for (const typed of pending ? [`${pending} ${event.key}`, event.key] : [event.key]) {
    for (const layer of [...layers].reverse()) {
      const key = layer.current[typed];
      if (key) {
        event.preventDefault();
        pending = '';
        key.run();
        return;
      }
    }
  }
  pending = event.key.length === 1 ? event.key : '';
  window.clearTimeout(forget);
  forget = window.setTimeout(() => (pending = ''), 1200);
}

/** These keys work while the component is shown. */
export function useKeys(keys: Keys): void {
  const layer = useRef(keys);
  // Before what they act on is seen: a key that is pressed at once would meet those of before, or none.
  useLayoutEffect(() => {
    layer.current = keys;
  });
  useLayoutEffect(() => {
    if (layers.length === 0) window.addEventListener('keydown', press);
    layers.push(layer);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      if (layers.length === 0) window.removeEventListener('keydown', press);
    };
  }, []);
}
