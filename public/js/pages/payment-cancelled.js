import "./site.js";
import { waitingWork } from "../store/waiting-work.js";

const back = await waitingWork("work.back", { atOnce: false });
if (back) {
  back.classList.add("button--quiet");
  document.querySelector(".actions a")?.after(back);
}
