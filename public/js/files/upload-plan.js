/**
 * What the queue of uploads does next, and what that costs. Pure: reads stages and prices, changes nothing.
 *
 * @typedef {"chosen" | "waiting" | "queued" | "starting" | "uploading" | "processing" | "done" | "failed"
 *   | "refused" | "short" | "interrupted" | "stopped"} Stage
 * @typedef {{ stage: Stage, cost: number | null | undefined, isHeld: boolean }} Item
 *   cost: credits, undefined until it is known, null if this kind is not offered;
 *   isHeld: whether its credits are set aside already
 */

/**
 * How many uploads run at once. With two, the next file travels while the last is being read. More would
 * share the same line, and the server reads at most two files of a person at a time.
 */
export const AT_ONCE = 2;

const AT_WORK = ["starting", "uploading", "processing"];
const STARTABLE = ["chosen", "waiting", "short", "interrupted"];
const OVER = ["done", "failed", "refused", "stopped"];

/** @param {{ stage: Stage }} item */
export const isAtWork = ({ stage }) => AT_WORK.includes(stage);

/** Whether it is under way, or waits for its turn. @param {{ stage: Stage }} item */
export const isGoing = ({ stage }) => stage === "queued" || AT_WORK.includes(stage);

/** Whether nothing more happens to it unless somebody asks. @param {{ stage: Stage }} item */
export const isOver = ({ stage }) => OVER.includes(stage);

/** @param {{ stage: Stage }} item */
export const isStartable = ({ stage }) => STARTABLE.includes(stage);

/**
 * The items whose turn it is, in their order.
 * @template {{ stage: Stage }} T
 * @param {T[]} items
 */
export function nextToStart(items) {
  const free = AT_ONCE - items.filter(isAtWork).length;
  return items.filter(({ stage }) => stage === "queued").slice(0, Math.max(free, 0));
}

/**
 * Which of the items that could start can be paid for, taken in their order. One that does not fit leaves
 * its credits to those behind it.
 * @template {Item} T
 * @param {T[]} items
 * @param {number | null} available credits; null if unknown, and then the server decides
 * @returns {{ ready: T[], short: T[], total: number, required: number, left: number | null, missing: number,
 *   isPriced: boolean }} total: what the ready cost; required: what all cost; left: what the ready leave;
 *   missing: credits that the short need beyond what is left
 */
export function plan(items, available) {
  const able = items.filter((item) => isStartable(item) && item.cost !== null);
  /** @type {T[]} */
  const ready = [];
  /** @type {T[]} */
  const short = [];
  // What was started and is not set aside yet will be.
  let left = (available ?? Infinity) - sum(items.filter(({ stage }) => stage === "queued" || stage === "starting"));
  for (const item of able) {
    const fits = toPay(item) <= left;
    (fits ? ready : short).push(item);
    if (fits) left -= toPay(item);
  }
  return {
    ready,
    short,
    total: sum(ready),
    required: sum(able),
    left: available === null ? null : left,
    missing: short.length ? sum(short) - left : 0,
    isPriced: able.every(({ cost }) => cost !== undefined),
  };
}

/** @param {Item} item */
const toPay = ({ cost, isHeld }) => (isHeld ? 0 : (cost ?? 0));

/** @param {Item[]} items */
const sum = (items) => items.reduce((total, item) => total + toPay(item), 0);
