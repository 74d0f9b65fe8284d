/** Is this an IANA time zone, or empty for the server's? */
export function isTimeZone(zone: string): boolean {
  if (zone === '') return true;
  try {
    Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
