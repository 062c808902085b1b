/* form[data-save]: what was changed is sent field by field while one types, and #saved says truthfully whether it arrived.
   Without this the button of each page keeps the whole page. */
(function () {
  var form = document.querySelector("form[data-save]"), said = document.getElementById("saved");
  if (!form || !said || !window.fetch || !window.URLSearchParams) return;
  var WAIT = 700, RETRY = 8000, changed = {}, clashes = {}, timer = 0, busy = false, leaving = false, under_way = null;

  function body(names) {
    var sent = new URLSearchParams();
    ["tab", "base"].concat(names).forEach(function (name) { // which page this is, and what it was drawn with
      var values = new FormData(form).getAll(name);
      (values.length ? values : [""]).forEach(function (value) { sent.append(name, value); });
    });
    return sent;
  }

  function say(sentence, lost) {
    said.textContent = sentence;
    said.className = lost ? "er" : "s";
  }

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(send, wait);
  }

  function send() {
    var names = Object.keys(changed), status = 0, sent;
    if (busy || !names.length || leaving) return;
    busy = true;
    changed = {};
    say(said.dataset.saving, false);
    sent = body(names);
    under_way = window.AbortController ? new AbortController() : null;
    fetch(form.dataset.save, {
      method: "POST", body: sent, headers: { Accept: "application/json" }, credentials: "same-origin", signal: under_way ? under_way.signal : undefined
    })
      .then(function (answer) {
        status = answer.status;
        if (answer.redirected) status = 401;
        return answer.json();
      })
      .then(function (answer) {
        if (status !== 200 && !answer.fields) throw new Error(answer.message || "");
        busy = false;
        names.forEach(function (name) { delete clashes[name]; });
        (answer.fields || []).forEach(function (name) { clashes[name] = { words: answer.message, value: sent.getAll(name).join() }; });
        var clash = clashes[Object.keys(clashes).pop()];
        if (clash) say(clash.words, true);
        else if (!Object.keys(changed).length) say(said.dataset.saved.replace("{t}", answer.saved), false);
        form.dispatchEvent(new CustomEvent("facts", { detail: answer.facts }));
        if (Object.keys(changed).length) later(WAIT);
      })
      .catch(function (problem) {
        busy = false;
        names.forEach(function (name) { changed[name] = true; });
        if (leaving) return; // the button sends the whole page
        var refused = status >= 400 && status < 500;
        say(status === 401 ? said.dataset.expired : refused && problem.message && status !== 403 ? problem.message : said.dataset.lost, true);
        if (!refused) later(RETRY);
      });
  }

  function typed(name, wait) {
    var clash = clashes[name];
    if (!name || (clash && clash.value === body([name]).getAll(name).join())) return; // the button asks about it: not sent again as it was
    changed[name] = true;
    later(wait);
  }

  function touched(field) { // before this script came over a slow link
    if (field.type === "hidden") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (!field.options) return field.value !== field.defaultValue;
    var drawn = Array.prototype.map.call(field.options, function (one) { return one.defaultSelected; }).indexOf(true);
    return field.selectedIndex !== Math.max(0, drawn);
  }

  form.addEventListener("input", function (event) { typed(event.target.name, WAIT); });
  form.addEventListener("change", function (event) { typed(event.target.name, 50); });
  form.addEventListener("submit", function () {
    leaving = true;
    if (under_way) under_way.abort(); // once the form is handed in there is no draft to save to
  });
  addEventListener("pageshow", function () { leaving = false; });
  addEventListener("online", function () { later(0); });
  addEventListener("pagehide", function () {
    var names = Object.keys(changed);
    if (leaving || !names.length) return;
    if (navigator.sendBeacon && navigator.sendBeacon(form.dataset.save, body(names))) changed = {};
  });
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "hidden") send();
  });
  Array.prototype.forEach.call(form.querySelectorAll("input, select, textarea"), function (field) {
    if (touched(field)) typed(field.name, WAIT);
  });
})();
