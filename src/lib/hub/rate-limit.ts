interface Window {
  readonly since: number;
  count: number;
}

/** So many times within a time, for each of a bounded number of keys; what was counted longest ago is forgotten first. */
export class RateLimit {
  private readonly windows = new Map<string, Window>();
  private readonly most: number;
  private readonly withinMs: number;
  private readonly mostKeys: number;

  constructor(limit: { most: number; withinMs: number; mostKeys: number }) {
    this.most = limit.most;
    this.withinMs = limit.withinMs;
    this.mostKeys = limit.mostKeys;
  }

  /** How long a key has to wait at `now`, ms; 0: it is within its limit. */
  waitMs(key: string, now: number): number {
    const window = this.present(key, now);
    return window === undefined || window.count < this.most ? 0 : window.since + this.withinMs - now;
  }

  count(key: string, now: number): void {
    const window = this.present(key, now);
    if (window !== undefined) {
      window.count += 1;
      return;
    }
    this.windows.delete(key);
    this.windows.set(key, { since: now, count: 1 });
    const [oldest] = this.windows.keys();
    if (this.windows.size > this.mostKeys && oldest !== undefined) this.windows.delete(oldest);
  }

  private present(key: string, now: number): Window | undefined {
    const window = this.windows.get(key);
    // One that lies ahead was begun by a clock that was put back since.
    return window !== undefined && window.since <= now && now - window.since < this.withinMs
      ? window
      : undefined;
  }
}
