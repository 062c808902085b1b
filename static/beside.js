/* Wide screens only: the map of the same question beside the finder's list. static/filters.js asks for this script there.
   What the map needs comes from the map's own page, anew with every list; rows and markers carry the same numbers. */
(function () {
  var nonce = document.currentScript.nonce, turn = 0;
  function load(tags, done) { // one after the other: styles give the map its size, Leaflet comes before the map
    if (!tags.length) { done(); return; }
    var tag = tags.shift(), style = tag.tagName === "LINK", address = tag.getAttribute(style ? "href" : "src");
    if ((style && document.querySelector('link[href="' + address + '"]')) || (/\/leaflet\.js$/.test(address) && window.L)) { load(tags, done); return; }
    var made = document.createElement(style ? "link" : "script");
    made.nonce = nonce;
    if (style) { made.rel = "stylesheet"; made.href = address; } else made.src = address;
    made.onload = function () { load(tags, done); };
    document.head.appendChild(made);
  }
  function number(rows) { // of the map page's list: the finder's has the same stations
    var list = document.querySelector(".st"), known = {};
    if (!list) return;
    rows.forEach(function (row) { known[row.querySelector("a").pathname] = row; });
    list.setAttribute("data-cards", "");
    Array.prototype.forEach.call(list.children, function (row) {
      var same = known[row.querySelector("h3 a").pathname];
      if (!same) return;
      ["code", "lat", "lon", "state"].forEach(function (name) { row.dataset[name] = same.dataset[name]; });
      row.querySelector("h3 + p").setAttribute("data-area", "");
      row.insertBefore(document.importNode(same.querySelector("[data-show]"), true), row.firstChild);
    });
  }
  function show() {
    var main = document.getElementById("main"), mine = ++turn;
    fetch(location.pathname + "/map" + location.search).then(function (answer) { return answer.text(); }).then(function (text) {
      var page = new DOMParser().parseFromString(text, "text/html"), section = page.querySelector("section.map");
      var aside = main.querySelector(".beside") || document.createElement("aside");
      if (mine !== turn || !section || !document.getElementById("filters")) return;
      var styles = page.querySelectorAll('head link[href*="leaflet"], head link[href*="map.css"]');
      var scripts = page.querySelectorAll('script[src*="leaflet"], script[src*="shell.js"], script[src$="/map.js"]');
      load(Array.from(styles), function () {
        if (mine !== turn) return;
        if (window.map_menkou && window.map_menkou.remove) window.map_menkou.remove();
        section.querySelectorAll("script, noscript, .skip").forEach(function (one) { one.remove(); });
        aside.className = "beside";
        aside.textContent = "";
        section.querySelector("[data-map]").hidden = false; // the map takes its size when it is made
        aside.appendChild(document.importNode(section, true));
        aside.appendChild(document.importNode(page.querySelector("[data-picked]"), true));
        main.classList.add("sided");
        main.appendChild(aside);
        number(page.querySelectorAll("[data-cards] > li"));
        load(Array.from(scripts), function () {});
      });
    }).catch(function () {}); // the list is there without it
  }
  ["htmx:afterSwap", "htmx:historyRestore"].forEach(function (name) { document.addEventListener(name, show); });
  show();
})();
