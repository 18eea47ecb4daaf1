import { h } from "./dom.js";
import { locale } from "./texts.js";

const short = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "long" });
const long = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
/** @param {Intl.DateTimeFormatOptions} more */
const dayFormat = (more) => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...more });
const dayOfThisYear = dayFormat({ timeZone: "UTC" });
const dayOfOtherYear = dayFormat({ timeZone: "UTC", year: "numeric" });
const thisYear = new Date().getFullYear();

/** A point in time, in the reader's language and time zone. @param {string} iso */
export function time(iso) {
  const date = new Date(iso);
  return h("time", { datetime: iso, title: long.format(date) }, short.format(date));
}

/** The same to the second, as a confirmation needs it. @param {string} iso */
export function moment(iso) {
  return h("time", { datetime: iso }, exact.format(new Date(iso)));
}

/** The day of a point in time, with its year where that is not this one. @param {string} iso */
export function day(iso) {
  const date = new Date(iso);
  const format = dayFormat({ year: date.getFullYear() === thisYear ? undefined : "numeric" });
  return h("time", { datetime: iso, title: long.format(date) }, format.format(date));
}

/**
 * A day of the calendar, which is the same everywhere; with its year where that is not this one.
 * @param {string} date "2026-11-25"
 */
export function calendarDay(date) {
  const isThisYear = date.startsWith(String(thisYear));
  return (isThisYear ? dayOfThisYear : dayOfOtherYear).format(new Date(date));
}
