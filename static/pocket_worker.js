/* The service worker of /pocket/. POCKET comes first, written in by the server: edition, shell, home, files.
   GET only. It keeps the page for saved counties with its files, and answers a county's address with that page when there
   is no network. Packs are put and read by the pages; nothing else is kept, nothing outside /pocket/ is answered. */
var SHELL = "menkou-pocket-shell-", PACKS = "menkou-pocket-packs", PATIENCE_MS = 3000;

self.addEventListener("install", function (event) {
  var wanted = [POCKET.shell].concat(POCKET.files).map(function (url) { return new Request(url, { cache: "reload" }); });
  event.waitUntil(caches.open(SHELL + POCKET.edition).then(function (cache) { return cache.addAll(wanted); })
    .then(function () { return self.skipWaiting(); })); // no page of ours holds anything unsaved
});

self.addEventListener("activate", function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.filter(function (name) {
      return name.indexOf(SHELL) === 0 && name !== SHELL + POCKET.edition;
    }).map(function (name) { return caches.delete(name); }));
  }).then(function () { return self.clients.claim(); }));
});

self.addEventListener("fetch", function (event) {
  var request = event.request, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  var rest = url.pathname.indexOf(POCKET.home) === 0 ? url.pathname.slice(POCKET.home.length) : null;
  if (POCKET.files.indexOf(url.pathname) >= 0) event.respondWith(kept(url.pathname, request));
  else if (request.mode === "navigate" && rest !== null && /^(\d{6}|saved)?$/.test(rest)) event.respondWith(page(request, rest));
});

function kept(path, request) {
  return caches.open(SHELL + POCKET.edition).then(function (cache) { return cache.match(path, { ignoreVary: true }); })
    .then(function (hit) { return hit || fetch(request); });
}

function shell() {
  return caches.open(SHELL + POCKET.edition).then(function (cache) { return cache.match(POCKET.shell, { ignoreVary: true }); });
}

/* The network's page; the kept one when there is no network, or when it takes long and the county is on the phone. */
function page(request, county) {
  return new Promise(function (answer, fail) {
    var waiting = setTimeout(function () {
      caches.open(PACKS).then(function (cache) { return cache.match(POCKET.home + county + ".json", { ignoreVary: true }); })
        .then(function (pack) { return pack && shell(); })
        .then(function (hit) { if (hit) answer(hit); }).catch(function () {});
    }, PATIENCE_MS);
    fetch(request).then(function (response) {
      clearTimeout(waiting);
      if (response.status < 500) return answer(response);
      return shell().then(function (hit) { answer(hit || response); });
    }).catch(function (error) {
      clearTimeout(waiting);
      shell().then(function (hit) { return hit ? answer(hit) : fail(error); }).catch(fail);
    });
  });
}
