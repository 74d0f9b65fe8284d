/** Minutes since midnight of `22:30`; `24:00` is the end of the day. Undefined for anything else. */
export function minutesOfDay(text: unknown): number | undefined {
  const [, hours, minutes] = /^\s*(\d{1,2}):(\d\d)\s*$/.exec(String(text)) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && total <= 24 * 60 ? total : undefined;
}

/** `7`, `7:5` and `0730` as people type them, as `07:00`, `07:05` and `07:30`; anything else as it is. */
export function asTimeOfDay(typed: string): string {
  const [, hour, minute = '0'] = /^(\d{1,2})(?:[:.：]?(\d{1,2}))?$/.exec(typed.trim()) ?? [];
  if (hour === undefined || Number(hour) > 23 || Number(minute) > 59) return typed;
  return `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
}
