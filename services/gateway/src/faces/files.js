// Photographs and documents of a ticket: small pictures by links that end, one large on a press, and a way to add more.
const TAKEN = "image/jpeg,image/png,image/webp,application/pdf";
const NOT_SHOWN = { QUARANTINED: ["等待查毒", "waits for the virus scanner"], INFECTED: ["有病毒,已删除", "it had a virus and is gone"], ERASED: ["已按规定删除", "erased"] };
const file_link = async (hat, number, id, small) => (await ask(hat, `/tickets/${number}/attachments/${id}/link?small=${small}`, {})).path;
const weight = bytes => bytes < 1e6 ? Math.ceil(bytes / 1e3) + " kB" : (bytes / 1e6).toFixed(1) + " MB";

// A card that asks for itself. `whose` leaves some out; `add` lets one more be taken or chosen.
function files(hat, number, { add = false, whose = () => true, head = t("照片与文件", "Photographs and documents") } = {}) {
  const shown = part("ul", "thumbs"), news = part("p", "quiet");
  news.setAttribute("role", "status");
  const look = async () => {
    try {
      const all = (await ask(hat, `/tickets/${number}/attachments`)).attachments.filter(whose);
      shown.replaceChildren(...all.map(file => thumb(hat, number, file)));
      news.textContent = all.length ? "" : t("无", "none");
    } catch (problem) {
      // Who may read the ticket need not be somebody who may see faces and papers.
      news.textContent = problem.status === 403 ? t("本岗位不能查看照片与文件", "not for this role to see") : problem.detail;
    }
  };
  const card = part("div", "stack files", head ? part("h3", "", head) : null, shown, news,
    add ? part("div", "row", chooser("拍照", "Take a photo", true, took), chooser("选择文件", "Choose files", false, took)) : null);
  async function took(chosen) {
    for (const file of chosen) {
      news.textContent = t(`正在上传 ${file.name}…`, `sending ${file.name}…`);
      try { await send_file(hat, number, file); } catch (problem) { await look(); refuse(problem); news.textContent = t("未能收下: ", "not taken: ") + problem.detail; return; }
    }
    await look();
    tell(t("已收下", "taken"));
  }
  look();
  return card;
}
// One choice is one request, however often it has to be sent.
async function send_file(hat, number, file) {
  const path = `/tickets/${number}/attachments?request_id=${random()}`;
  for (let turn = 1; ; turn += 1) {
    try { return await ask(hat, path, file); } catch (problem) { if (turn === 3 || (problem.status !== 0 && problem.status !== 503)) throw problem; }
  }
}
function chooser(zh, en, camera, took) {
  const input = Object.assign(part("input", ""), { type: "file", accept: TAKEN, multiple: !camera });
  // A phone opens its camera at once; elsewhere it is an ordinary choice.
  if (camera) input.setAttribute("capture", "environment");
  input.addEventListener("change", async () => { const chosen = [...input.files]; input.value = ""; await took(chosen); });
  return part("label", "choose", input, t(zh, en));
}
function thumb(hat, number, file) {
  const side = [t((LISTS.role.find(r => r.code === file.role) || {}).zh, plain(file.role)), file.unit, file.person].filter(Boolean).join(" ");
  const about = part("small", "", [file.kind, weight(file.bytes), side, when(file.added_at), file.lat === null ? "" : t("含位置", "with its place")].filter(Boolean).join(" · "));
  const hidden = NOT_SHOWN[file.state];
  if (hidden) return part("li", "", part("p", "note warn", t(...hidden)), about);
  const press = part("button", "thumb", file.width ? null : t("打开", "open"));
  press.type = "button";
  press.setAttribute("aria-label", `${t("打开", "open")}: ${about.textContent}`);
  press.addEventListener("click", trying(async () => {
    const path = await file_link(hat, number, file.id, false);
    if (file.width) large(path, about.textContent); else Object.assign(document.createElement("a"), { href: path, download: "" }).click();
  }));
  if (file.width) trying(async () => { const path = await file_link(hat, number, file.id, true); press.append(Object.assign(part("img", ""), { src: path, alt: "" })); })();
  return part("li", "", press, about);
}
function large(path, words) {
  const close = button("main", "关闭", "Close", "Esc", () => dialog.close());
  const dialog = part("dialog", "picture", Object.assign(part("img", ""), { src: path, alt: words }), part("p", "quiet", words), close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// The whole file of a ticket as the service prints it: in a frame that runs nothing. Who looks says why, and it is kept.
const case_file = async (hat, number, reason) => (await ask(hat, `/tickets/${number}/file`, { reason })).html;
function framed(html) {
  const frame = Object.assign(part("iframe", "case"), { srcdoc: html, title: t("工单档案", "the ticket's file") });
  frame.setAttribute("sandbox", "allow-same-origin allow-modals");
  return [frame, part("div", "row", button("main", "打印", "Print", "", () => frame.contentWindow.print()))];
}
function file_button(hat, number) {
  return button("", "工单档案", "Whole file", "", trying(async () => {
    const reason = prompt(t("查看整份档案的理由(留痕)", "Why do you look at the whole file? It is kept."), t("办理核对", "to check how it was handled"));
    if (!reason) return;
    const [frame, row] = framed(await case_file(hat, number, reason));
    const dialog = part("dialog", "picture wide", frame, row);
    row.append(button("", "关闭", "Close", "Esc", () => dialog.close()));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    // The frame would take the focus, and Escape with it.
    row.querySelector("button").focus();
  }));
}
