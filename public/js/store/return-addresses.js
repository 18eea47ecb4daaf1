import { isOwnPage } from "../lib/own-page.js";

const MOST_CHARS = 2000;
const SESSION_ID = "session_id";
/** What an address may not have as it is (api/_lib/payments/return_address.py): also a percent sign of no escape. */
const TO_ENCODE = /[^A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%#]|%(?![0-9A-Fa-f]{2})/g;

/**
 * Where the buyer goes after the payment page. Null: the server's own pages.
 * @typedef {{ returnUrl: string | null, cancelUrl: string | null }} ReturnAddresses
 */

/**
 * What the element's attributes name. Without them, a buyer on another app's page comes back to that page.
 * @param {Element} element
 * @returns {ReturnAddresses}
 */
export function returnAddresses(element) {
  const named = (/** @type {string} */ attribute) => {
    const value = element.getAttribute(attribute);
    if (value) return absolute(value);
    return isOwnPage ? null : pageAddress(location.href);
  };
  return { returnUrl: named("return-url"), cancelUrl: named("cancel-url") };
}

/** The page without fragment, and without the session of an earlier payment. @param {string} href */
function pageAddress(href) {
  const url = new URL(href);
  url.hash = "";
  // Only then: the list of parameters writes all others anew.
  if (url.searchParams.has(SESSION_ID)) url.searchParams.delete(SESSION_ID);
  const address = encoded(url.href);
  return address.length > MOST_CHARS ? encoded(url.origin + url.pathname) : address;
}

/** What is no address stays as it is: the server says so to the developer. @param {string} value */
function absolute(value) {
  return URL.canParse(value, document.baseURI) ? encoded(new URL(value, document.baseURI).href) : value;
}

/** @param {string} href a fragment stays: the server refuses it and says why */
const encoded = (href) => href.replace(TO_ENCODE, encodeURIComponent);
