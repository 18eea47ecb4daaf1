import { has, t } from "../lib/texts.js";

/**
 * How often a feature can be used: "100 documents", or "12 × its name" for a feature without words of its own.
 * @param {{ id: string, name: string }} feature
 * @param {number} n
 */
export function useInWords({ id, name }, n) {
  return has(`use.${id}`) ? t(`use.${id}`, { n }) : t("use", { n, feature: name });
}
