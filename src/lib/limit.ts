/** Aborted at a time limit, and before if the given signal is. */
export function limited({
  timeoutMs,
  signal,
}: {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}): AbortSignal {
  const limit = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? limit : AbortSignal.any([limit, signal]);
}

/** Resolves when the signal is aborted, at once if it is already. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
