// The main flow in Firefox: sign in, buy, spend on a file, look at the history, sign out.
// Every wait ends after WAIT_MS. What the pages complain about is printed at the end, as JSON.
import puppeteer from "puppeteer-core";

const WAIT_MS = 60_000;
const { executablePath, siteUrl, email, password } = JSON.parse(process.argv[2]);

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  headless: true,
  timeout: WAIT_MS,
  protocolTimeout: WAIT_MS,
  extraPrefsFirefox: { "intl.accept_languages": "en-US" },
});
const complaints = [];
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.setViewport({ width: 390, height: 844 });
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  // Firefox writes violations of the policy into its own console, where no page's listener hears them.
  await page.evaluateOnNewDocument(() =>
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber }) =>
      console.error(`${violatedDirective} forbids ${blockedURI} (${sourceFile}:${lineNumber})`),
    ),
  );
  await play(page);
} finally {
  await browser.close();
}
console.log(JSON.stringify(complaints));

/** Goes through the flow. */
async function play(page) {
  await page.goto(siteUrl);
  await type(page, "E-mail", email);
  await type(page, "Password", password);
  await press(page, "button", "Sign in", { last: true });
  await sees(page, "h1", "Your balance");

  await press(page, "button", "open the store");
  await press(page, "button", "Buy Starter");
  await press(page, "button", "4242 4242 4242 4242");
  await press(page, "button", "Pay $4.99");
  await sees(page, "h1", "Your credits are here");
  await sees(page, "button", "500 credits, open the store");

  await press(page, "a", "Files");
  await sees(page, "h1", "Files");
  await choose(page, "notes.txt", "Sow the peas.");
  await press(page, "button", "Upload for 3 credits");
  await sees(page, "button", "497 credits, open the store");
  await sees(page, "li", "notes.txt");

  await page.goto(siteUrl);
  await sees(page, "li", "Text upload");
  await sees(page, "li", "Starter");

  await press(page, "button", "Account");
  await press(page, "button", "Sign out");
  await sees(page, "button", "Create an account");
}

/** Waits for the shown element with such words in its name; returns its handle. Shadow trees are searched. */
async function sees(page, selector, words, { last = false } = {}) {
  const search = (selector, words, last) => {
    const every = (root) =>
      [...root.querySelectorAll("*")].flatMap((each) => [each, ...(each.shadowRoot ? every(each.shadowRoot) : [])]);
    const name = (each) => (each.ariaLabel ?? (each.labels?.[0] ?? each).textContent).replaceAll(/\s+/g, " ");
    const found = every(document).filter(
      (each) => each.matches(selector) && each.checkVisibility({ visibilityProperty: true }) && !each.disabled && name(each).includes(words),
    );
    return last ? found.at(-1) : found[0];
  };
  try {
    return (await page.waitForFunction(search, {}, selector, words, last)).asElement();
  } catch (error) {
    const text = await page.evaluate(() => document.body.innerText);
    throw new Error(`There is no ${selector} with “${words}” at ${page.url()}:\n${text}`, { cause: error });
  }
}

async function press(page, selector, words, which) {
  const element = await sees(page, selector, words, which);
  await element.click();
}

async function type(page, label, text) {
  const field = await sees(page, "input", label);
  await field.type(text);
}

/** Drops a file on the page, as from the desktop. */
async function choose(page, name, text) {
  await sees(page, "button", "Choose");
  const drop = (name, text) => {
    const carried = new DataTransfer();
    carried.items.add(new File([text], name, { type: "text/plain" }));
    const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried });
    document.querySelector("h1").dispatchEvent(event);
  };
  await page.evaluate(drop, name, text);
}
