// The two forms of wall-clock time in LoadGen's logs. Follows loadgen.md 13.2 and 13.3.

const two = (value: number): string => value.toString().padStart(2, '0');

/** `YYYY-MM-DDTHH:MM:SSZ`: local time with a literal Z, as LoadGen has it. */
export function testDateTime(date: Date): string {
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}` +
    `T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}Z`
  );
}

/** `MM-DD-YYYY HH:MM:SS.mmm` in UTC, milliseconds cut. */
export function powerStamp(epochMs: number): string {
  const date = new Date(Math.trunc(epochMs));
  return (
    `${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}-${date.getUTCFullYear()} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}.` +
    date.getUTCMilliseconds().toString().padStart(3, '0')
  );
}
