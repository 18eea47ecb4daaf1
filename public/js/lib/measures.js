import { locale } from "./texts.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];
const STEP = 1000;

/** A file's size as a person reads it. @param {number} bytes */
export function formatSize(bytes) {
  const rank = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(STEP)), UNITS.length - 1);
  const format = new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[rank],
    unitDisplay: rank === 0 ? "long" : "short",
    maximumFractionDigits: rank < 2 ? 0 : 1,
  });
  return format.format(bytes / STEP ** rank);
}

/** A length of sound as a player shows it: 3:05, 1:02:09. @param {number} seconds */
export function formatDuration(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
