/* [data-map]: fetches the stations of what the map shows and draws them as buttons; keeps map, list and address together.
   Stands right behind the map and runs before Leaflet has arrived: stations and library travel side by side, and what comes
   first is shown first, the buttons placed by hand.
   Words of stations: textContent only. */
(function () {
  var box = document.querySelector("[data-map]");
  if (!box) return;
  var data = box.dataset, CELL = 64, MOST_CELLS = 640, TOP = 18, LOWEST = 5, PINS_FROM = 10, LISTED = 30;
  var map = null, early = null, view = null, drawn = {}, asked = "", stop = null, latest = null, whole = !box.dataset.view && !box.dataset.circle;
  box.hidden = document.querySelector("[data-map-foot]").hidden = false;

  function find(name) { return document.querySelector("[data-" + name + "]"); }
  function numbers(text) { return text.split(",").map(Number); }

  // Web Mercator, in pixels of a zoom
  function x(lon, zoom) { return (lon + 180) / 360 * 256 * Math.pow(2, zoom); }
  function y(lat, zoom) {
    var s = Math.sin(Math.max(-85.05, Math.min(85.05, lat)) * Math.PI / 180);
    return (0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * 256 * Math.pow(2, zoom);
  }
  function lon(x, zoom) { return x / 256 / Math.pow(2, zoom) * 360 - 180; }
  function lat(y, zoom) { return Math.atan(Math.sinh(Math.PI * (1 - y / 128 / Math.pow(2, zoom)))) * 180 / Math.PI; }

  function fitting(west, south, east, north) { // the view that just holds a box
    for (var zoom = TOP; zoom > LOWEST; zoom--) {
      if (x(east, zoom) - x(west, zoom) <= box.clientWidth && y(south, zoom) - y(north, zoom) <= box.clientHeight) break;
    }
    return { lat: (south + north) / 2, lon: (west + east) / 2, zoom: zoom };
  }
  function start() {
    if (data.view) { var v = numbers(data.view); return { lat: v[0], lon: v[1], zoom: Math.max(LOWEST, v[2]) }; }
    if (data.circle) {
      var c = numbers(data.circle), up = (c[2] || 3000) * 1.1 / 111000, aside = up / Math.cos(c[0] * Math.PI / 180);
      return fitting(c[1] - aside, c[0] - up, c[1] + aside, c[0] + up);
    }
    return fitting.apply(null, numbers(data.bounds));
  }

  function question() { // the cells the map touches: everybody who looks there asks the same
    var zoom = view.zoom, last = 4 * Math.pow(2, zoom) - 1, wide = box.clientWidth / 2, high = box.clientHeight / 2;
    var cx = x(view.lon, zoom), cy = y(view.lat, zoom);
    function cell(pixels) { return Math.max(0, Math.min(last, Math.floor(pixels / CELL))); }
    var west = cell(cx - wide), east = cell(cx + wide), north = cell(cy - high), south = cell(cy + high);
    while ((east - west + 1) * (south - north + 1) > MOST_CELLS) {
      if (east - west > south - north) { west++; east--; } else { north++; south--; }
    }
    var corners = [lon(west * CELL + 1, zoom), lat(south * CELL + CELL - 1, zoom), lon(east * CELL + CELL - 1, zoom), lat(north * CELL + 1, zoom)];
    return data.api + "?box=" + corners.map(function (n) { return n.toFixed(6); }).join(",") + "&z=" + zoom + (data.filters ? "&" + data.filters : "");
  }
  function load() {
    var url = question();
    if (url === asked) return;
    asked = url;
    if (stop) stop.abort();
    stop = new AbortController();
    fetch(url, { signal: stop.signal, credentials: "omit" }).then(function (answer) {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }).then(function (found) {
      latest = found;
      find("map-failed").hidden = true;
      if (document.readyState === "loading") document.addEventListener("readystatechange", told, { once: true }); // the list stands below
      else told();
    }).catch(function (problem) {
      if (problem.name === "AbortError") return;
      asked = "";
      find("map-failed").hidden = false;
    });
  }

  // Markers

  function make(tag, kind, words) {
    var made = document.createElement(tag);
    made.className = kind;
    if (words !== undefined) made.textContent = words;
    return made;
  }
  function lamp(state) { return data["lamp" + state.charAt(0).toUpperCase() + state.slice(1)] || ""; }
  function button(one) {
    var made = make("button", "mk " + one.kind), s = one.station;
    made.type = "button";
    made.setAttribute("aria-label", s ? (one.number ? one.number + "，" : "") + s.name + "，" + s.area + "，" + lamp(s.state) : data.cluster.replace("#", one.n));
    made.appendChild(make("span", "", s ? one.number || "" : one.n));
    return made;
  }
  function marker(one) {
    var Button = L.Icon.extend({
      createIcon: function () {
        var made = button(one);
        this._setIconStyles(made, "icon");
        return made;
      },
      createShadow: function () { return null; }
    });
    var icon = new Button({ className: "mk " + one.kind, iconSize: [44, 44], iconAnchor: [22, 22] });
    return L.marker(one.at, { icon: icon, keyboard: false }).on("click", function () { act(one); });
  }
  function act(one) {
    if (one.station) pick(one.station);
    else closer(one.at);
  }
  function go(lat, lon, zoom) {
    view = { lat: lat, lon: lon, zoom: Math.min(TOP, zoom) };
    if (map) map.setView([lat, lon], view.zoom - Number(data.offset), { animate: false });
    else {
      load();
      if (latest) place(wanted());
    }
  }
  function cellOf(at) {
    return Math.floor(x(at[1], view.zoom) / CELL) + "," + Math.floor(y(at[0], view.zoom) / CELL);
  }
  function merged(clusters) { // two cells may have their middles side by side: one button then, so that each can be hit
    var kept = [], zoom = view.zoom;
    clusters.filter(function (one) { return one.n > 0; }).sort(function (a, b) { return b.n - a.n; }).forEach(function (one) {
      var left = x(one.at[1], zoom), top = y(one.at[0], zoom);
      var near = kept.find(function (other) { return Math.abs(other.left - left) < 40 && Math.abs(other.top - top) < 40; });
      if (near) near.n += one.n;
      else kept.push({ at: one.at, n: one.n, left: left, top: top });
    });
    return kept;
  }
  function closer(at) {
    if (view.zoom < TOP) { go(at[0], at[1], view.zoom + 2); return; }
    var list = new URL((find("list") || location).href), asks = list.searchParams; // more than a map can name: the list can
    ["acc", "area", "at", "v"].forEach(function (name) { asks.delete(name); });
    asks.set("lat", at[0].toFixed(5));
    asks.set("lon", at[1].toFixed(5));
    asks.set("m", "0");
    location.href = list.href;
  }
  function spread(all) { // there is no nearer: stations of one doorstep stand round it, each to be hit
    var zoom = view.zoom, stand = [], apart = {};
    Object.keys(all).sort().forEach(function (key) {
      var one = all[key], left = x(one.at[1], zoom), top = y(one.at[0], zoom), right = 0, down = 0, ring = 0, step = 0;
      function taken(other) { return Math.abs(other[0] - left - right) < 44 && Math.abs(other[1] - top - down) < 44; }
      while (stand.some(taken)) {
        if (step >= 8 * ring) { ring++; step = 0; }
        right = 46 * ring * Math.cos(Math.PI * step / 4 / ring);
        down = 46 * ring * Math.sin(Math.PI * step / 4 / ring);
        step++;
      }
      stand.push([left + right, top + down]);
      if (ring) one.at = [lat(top + down, zoom), lon(left + right, zoom)];
      apart[ring ? key + "/" + one.at.join() : key] = one;
    });
    return apart;
  }
  function known(row) { // a row of the list: of this page, or of the finder's (static/beside.js)
    var said = row.dataset;
    return { code: said.code, name: row.querySelector("b, h3").textContent, area: row.querySelector("[data-area]").textContent, lat: +said.lat, lon: +said.lon, state: said.state };
  }
  function wanted() { // by key, what has to stand on the map
    var all = {}, listed = {};
    if (view.zoom >= PINS_FROM) {
      document.querySelectorAll("[data-cards] > [data-code]").forEach(function (row, number) {
        var station = known(row);
        listed[station.code] = true;
        all["s" + station.code] = { at: [station.lat, station.lon], kind: "door " + station.state, station: station, number: number + 1 };
      });
    }
    latest.stations.forEach(function (station, number) {
      if (listed[station.code]) return;
      var shown = find("here") && number < LISTED ? number + 1 : 0;
      all["s" + station.code + "/" + shown] = { at: [station.lat, station.lon], kind: "door " + station.state, station: station, number: shown };
    });
    var apart = {}; // stations of the list have markers of their own: their cell's number is of the others
    Object.keys(all).forEach(function (key) { if (listed[all[key].station.code]) { var cell = cellOf(all[key].at); apart[cell] = (apart[cell] || 0) + 1; } });
    var clusters = latest.clusters.map(function (one) { return { at: [one[0], one[1]], n: one[2] - (apart[cellOf(one)] || 0) }; });
    merged(clusters).forEach(function (one) {
      all["c" + one.at.join() + "," + one.n] = { at: one.at, kind: one.n > 99 ? "many most" : "many", n: one.n };
    });
    return view.zoom < TOP ? all : spread(all);
  }
  function draw() {
    latest.stations.sort(function (a, b) { return b.lat - a.lat || (a.code < b.code ? -1 : 1); });
    var all = wanted(), held = document.activeElement, key;
    if (whole) {
      whole = false;
      inward(all);
    }
    if (!map) { place(all); return; }
    if (early) {
      if (early.contains(held)) map.getContainer().focus({ preventScroll: true });
      early.remove();
      early = null;
    }
    for (key in drawn) {
      if (!all[key]) {
        if (drawn[key].getElement() === held) map.getContainer().focus({ preventScroll: true });
        drawn[key].remove();
        delete drawn[key];
      }
    }
    Object.keys(all).forEach(function (key) {
      if (!drawn[key]) drawn[key] = marker(all[key]).addTo(map);
    });
    borders();
  }
  function inward(all) { // the first look at the whole: a number at its edge is not cut off
    var cx = x(view.lon, view.zoom), cy = y(view.lat, view.zoom), wide = box.clientWidth / 2 - 24, high = box.clientHeight / 2 - 24;
    Object.keys(all).forEach(function (key) {
      var left = x(all[key].at[1], view.zoom), top = y(all[key].at[0], view.zoom);
      cx = Math.max(left - wide, Math.min(left + wide, cx));
      cy = Math.max(top - high, Math.min(top + high, cy));
    });
    go(lat(cy, view.zoom), lon(cx, view.zoom), view.zoom);
  }
  function place(all) { // Leaflet is still on its way
    var west = x(view.lon, view.zoom) - box.clientWidth / 2, north = y(view.lat, view.zoom) - box.clientHeight / 2;
    if (early) early.remove();
    early = make("div", "early");
    Object.keys(all).forEach(function (key) {
      var one = all[key], made = button(one);
      made.style.left = Math.round(x(one.at[1], view.zoom) - west) + "px";
      made.style.top = Math.round(y(one.at[0], view.zoom) - north) + "px";
      made.addEventListener("click", function () { act(one); });
      early.appendChild(made);
    });
    box.appendChild(early);
  }
  function told() {
    draw();
    find("map-said").textContent = data.total.replace("#", latest.total);
    if (find("map-wide")) find("map-wide").hidden = latest.open_now;
    listHere();
  }

  // The list

  function lampSpan(state) { return make("span", "lamp" + (state === "open" ? " on" : state === "closing" ? " soon" : ""), lamp(state)); }
  function pick(station) {
    var panel = find("picked"), link = panel.querySelector("a"), old = panel.querySelector(".lamp");
    panel.querySelector("h2").textContent = station.name;
    link.href = data.station + encodeURIComponent(station.code) + data.tail;
    panel.querySelector(".s").textContent = station.area;
    old.parentNode.replaceChild(lampSpan(station.state), old);
    panel.hidden = false;
    document.querySelectorAll(".pins > li, .st > li").forEach(function (row) {
      if (row.dataset.code === station.code) {
        row.setAttribute("aria-current", "true");
        if (row.getBoundingClientRect().right <= box.getBoundingClientRect().left || row.getBoundingClientRect().left >= box.getBoundingClientRect().right) row.scrollIntoView({ block: "nearest" }); // side by side
      } else row.removeAttribute("aria-current");
    });
  }
  function listHere() { // nobody has said from where: the list is what the map shows
    var here = find("here");
    if (!here) return;
    var rows = here.querySelector("ol");
    rows.textContent = "";
    latest.stations.slice(0, LISTED).forEach(function (station, number) {
      var row = make("li", ""), button = make("button", "pin"), link = make("a", "cell"), words = make("span", "");
      row.dataset.code = station.code;
      button.type = "button";
      button.setAttribute("aria-label", data.find.replace("#", number + 1));
      button.appendChild(make("span", "", number + 1));
      button.addEventListener("click", function () { show(station, false); });
      link.href = data.station + encodeURIComponent(station.code) + data.tail;
      var lines = [make("b", "", station.name), make("small", "", station.area), make("small", "")];
      lines[0].lang = lines[1].lang = "zh-CN";
      lines[2].appendChild(lampSpan(station.state));
      lines.forEach(function (line) { words.appendChild(line); });
      link.appendChild(words);
      row.appendChild(button);
      row.appendChild(link);
      rows.appendChild(row);
    });
    find("here-heading").textContent = data.total.replace("#", latest.total);
    find("here-more").textContent = latest.clusters.length ? data.more : "";
    here.hidden = false;
  }
  function show(station, nearer) { // from the list to the map
    go(station.lat, station.lon, nearer ? Math.max(view.zoom, 15) : view.zoom);
    box.scrollIntoView({ block: "nearest" });
    pick(station);
  }
  // County lines and names, once the stations are there

  function borders() {
    if (!data.borders) return;
    var url = data.borders;
    delete data.borders;
    fetch(url, { credentials: "omit" }).then(function (answer) { return answer.json(); }).then(function (found) {
      var lines = found.lines.map(function (steps) {
        var east = 0, north = 0, line = [];
        for (var i = 0; i < steps.length; i += 2) {
          east += steps[i];
          north += steps[i + 1];
          line.push([north / 1000, east / 1000]);
        }
        return line;
      });
      var ink = getComputedStyle(box).getPropertyValue("--edge").trim();
      L.polyline(lines, { renderer: L.canvas({ padding: 0.3 }), interactive: false, color: ink, weight: 1, opacity: 0.7, smoothFactor: 1.5 }).addTo(map);
      names(found.names);
    }).catch(function () {}); // a map without lines still shows every station
  }
  function names(found) {
    var cities = {}, layer = L.layerGroup().addTo(map);
    found.forEach(function (one) {
      var city = cities[one[1]] = cities[one[1]] || { name: one[1], lat: 0, lon: 0, n: 0 };
      city.lat += one[2] / 1000;
      city.lon += one[3] / 1000;
      city.n++;
    });
    function write() {
      layer.clearLayers();
      var zoom = view.zoom, seen = map.getBounds(), places = [];
      if (zoom >= 9 && zoom <= 13) places = found.map(function (one) { return { name: one[0], lat: one[2] / 1000, lon: one[3] / 1000 }; });
      if (zoom < 9 && zoom >= 7) places = Object.keys(cities).map(function (key) { var c = cities[key]; return { name: c.name, lat: c.lat / c.n, lon: c.lon / c.n }; });
      places.forEach(function (place) {
        if (!seen.contains([place.lat, place.lon])) return;
        var words = make("span", "", place.name);
        words.lang = "zh-CN";
        layer.addLayer(L.marker([place.lat, place.lon], { icon: L.divIcon({ className: "pl", html: words, iconSize: [0, 0] }), interactive: false, keyboard: false, zIndexOffset: -1000 }));
      });
    }
    map.on("moveend", write);
    write();
  }

  // The address, the forms

  function remember() {
    if (!find("map-filters")) return; // beside the finder's list: the address is the finder's
    var said = view.lat.toFixed(5) + "," + view.lon.toFixed(5) + "," + view.zoom;
    var url = new URL(location.href), kept = document.querySelector("[data-map-filters] input[name=v]");
    url.searchParams.set("v", said);
    history.replaceState(history.state, "", url.pathname + url.search.replace(/%2C/g, ","));
    kept.value = said;
    kept.disabled = false;
    var centre = find("centre"), there = new URL(url);
    ["acc", "area", "at", "v"].forEach(function (name) { there.searchParams.delete(name); });
    there.searchParams.set("lat", view.lat.toFixed(4));
    there.searchParams.set("lon", view.lon.toFixed(4));
    centre.href = there.pathname + there.search;
    centre.hidden = view.zoom < 9; // the middle of the province is nobody's place
  }
  view = start();
  load();
  function begin() {
    if (find("map-filters")) find("map-filters").addEventListener("change", function (event) {
      if (event.target.name === "by" || event.target.name === "m") this.elements.v.disabled = true; // another circle: fit it
      this.submit();
    });
    if (!window.L || !(window.map_menkou instanceof L.Map)) return;
    map = window.map_menkou;
    document.querySelectorAll("[data-cards] > [data-code]").forEach(function (row) {
      var button = row.querySelector("[data-show]");
      button.hidden = false;
      button.addEventListener("click", function () { show(known(row), true); });
    });
    map.getContainer().setAttribute("role", "region");
    map.getContainer().setAttribute("aria-label", data.label);
    L.control.zoom({ zoomInTitle: data["in"], zoomOutTitle: data.out }).addTo(map);
    var Scale = L.Control.Scale.extend({
      _updateMetric: function (most) {
        var metres = this._getRoundNum(most);
        this._updateScale(this._mScale, (metres < 1000 ? data.metres : data.km).replace("#", metres < 1000 ? metres : metres / 1000), metres / most);
      }
    });
    new Scale({ imperial: false }).addTo(map);
    map.setView([view.lat, view.lon], view.zoom - Number(data.offset), { animate: false });
    if (data.circle) {
      var c = numbers(data.circle), me = make("span", "");
      if (c[2]) L.circle([c[0], c[1]], { radius: c[2], interactive: false, className: "reach", dashArray: "8 7" }).addTo(map);
      L.marker([c[0], c[1]], { icon: L.divIcon({ className: "me", html: me, iconSize: [22, 22] }), interactive: false, keyboard: false }).addTo(map);
    }
    map.on("moveend", function () {
      var at = map.getCenter();
      view = { lat: at.lat, lon: at.lng, zoom: map.getZoom() + Number(data.offset) };
      remember();
      load();
    });
    remember();
    if (latest) draw();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin); // after Leaflet and the shell, which are deferred
  else begin();
})();
