/* [data-pocket]: keeps one county on this phone, brings it up to date, throws it away. Without service workers or caches
   (old browsers, many in-app ones, http) its buttons stay hidden and the words beside them say what to do. */
(function () {
  var box = document.querySelector("[data-pocket]");
  if (!box || !("serviceWorker" in navigator) || !window.caches) return;
  var PACKS = "menkou-pocket-packs", SHELL = "menkou-pocket-shell-";
  var county = box.dataset.county || (location.pathname.match(/(\d{6})$/) || [])[1];
  var address = box.dataset.pocket + county + ".json";
  function part(name) { return box.querySelector("[data-" + name + "]"); }
  function say(words) { part("said").textContent = words || ""; }

  /* The worker is there once it has fetched its own files; if it cannot, it is thrown away by the browser. */
  function worker() {
    return navigator.serviceWorker.register(box.dataset.worker, { scope: box.dataset.pocket }).then(function (registration) {
      var coming = registration.installing || registration.waiting;
      if (registration.active || !coming) return registration;
      return new Promise(function (ready, failed) {
        coming.addEventListener("statechange", function () {
          if (coming.state === "activated") ready(registration);
          if (coming.state === "redundant") failed(new Error("the worker could not be installed"));
        });
      });
    });
  }

  /* The kept page speaks the language and has the letters that were chosen last. */
  function freshShell() {
    return caches.keys().then(function (names) {
      return Promise.all(names.filter(function (name) { return name.indexOf(SHELL) === 0; }).map(function (name) {
        return caches.open(name).then(function (cache) { return cache.add(new Request(box.dataset.shell, { cache: "reload" })); });
      }));
    });
  }

  function fetchPack() {
    return fetch(address, { cache: "no-store" }).then(function (answer) {
      var type = answer.headers.get("Content-Type") || ""; // a hotel's log-in page is no pack
      if (!answer.ok || type.indexOf("application/json") !== 0) throw new Error("no pack");
      return answer;
    });
  }

  function held() {
    return caches.has(PACKS).then(function (some) { // looking makes no cache
      return some && caches.match(address, { cacheName: PACKS, ignoreVary: true });
    }).then(function (hit) { return hit ? hit.json() : null; });
  }

  function show() {
    return held().then(function (pack) {
      var old = pack && (Date.now() - Date.parse(pack.made + "T00:00:00+08:00")) / 864e5 > Number(box.dataset.old);
      part("plain").hidden = true;
      part("save").hidden = Boolean(pack) || !county;
      part("update").hidden = part("delete").hidden = part("when").hidden = !pack;
      part("when").textContent = pack ? box.dataset.when.replace("{day}", pack.said) : "";
      part("aged").hidden = !old;
    });
  }

  function work(words, done, failed, doing) {
    say(words);
    ["save", "update", "delete"].forEach(function (name) { part(name).disabled = true; });
    doing().then(show).then(function () { say(done); }, function () { say(failed); }).then(function () {
      ["save", "update", "delete"].forEach(function (name) { part(name).disabled = false; });
    });
  }

  function keep() {
    return worker().then(fetchPack).then(function (answer) {
      return caches.open(PACKS).then(function (cache) { return cache.put(address, answer); });
    }).then(freshShell).then(function () {
      if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(function () {});
    });
  }

  /* With the last county goes the worker, and all it kept. */
  function drop() {
    return caches.open(PACKS).then(function (cache) {
      return cache.delete(address, { ignoreVary: true }).then(function () { return cache.keys(); });
    }).then(function (left) {
      if (left.length) return undefined;
      return navigator.serviceWorker.getRegistration(box.dataset.pocket).then(function (registration) {
        return registration && registration.unregister();
      }).then(function () { return caches.keys(); }).then(function (names) {
        return Promise.all(names.filter(function (name) { return name.indexOf("menkou-pocket-") === 0; })
          .map(function (name) { return caches.delete(name); }));
      });
    });
  }

  part("save").addEventListener("click", function () { work(box.dataset.saving, box.dataset.saved, box.dataset.failed, keep); });
  part("update").addEventListener("click", function () { work(box.dataset.saving, box.dataset.updated, box.dataset.offline, keep); });
  part("delete").addEventListener("click", function () { work("", box.dataset.deleted, box.dataset.failed, drop); });
  show().catch(function () { part("plain").hidden = false; });
})();
