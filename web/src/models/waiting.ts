// Pauses between tries. Used by the models that poll or reconnect.

/** Resolve after `ms`, or at once when `stop` aborts or the machine comes back online. */
export function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const ends = new AbortController();
    const done = (): void => {
      clearTimeout(timer);
      ends.abort();
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.addEventListener("abort", done, { signal: ends.signal });
    window.addEventListener("online", done, { signal: ends.signal });
  });
}

/** Resolve when the page can be seen; nothing is polled for a hidden tab. */
export function seen(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted || !document.hidden) return resolve();
    const ends = new AbortController();
    const check = (): void => {
      if (document.hidden && !stop.aborted) return;
      ends.abort();
      resolve();
    };
    document.addEventListener("visibilitychange", check, { signal: ends.signal });
    stop.addEventListener("abort", check, { signal: ends.signal });
  });
}

/** 0.25 s, 0.5 s, 1 s … at most 8 s, each shortened at random by up to half, so that many tabs do not return as one. */
export function backOff(tries: number): number {
  return Math.min(8_000, 250 * 2 ** tries) * (1 - Math.random() / 2);
}
