/* [data-saved-list]: shows what the phone has kept: all its counties, or of the one in the address its towns and stations,
   filtered by item. Reads packs (pocket/pack.py) from the cache; writes words only as text. */
(function () {
  var root = document.querySelector("[data-saved-list]");
  if (!root) return;
  var PACKS = "menkou-pocket-packs", FORMAT = 1, home = root.dataset.savedList;
  var county = (location.pathname.match(/(\d{6})$/) || [])[1];
  var asked = new URLSearchParams(location.search);
  function part(name) { return document.querySelector("[data-" + name + "]"); }
  function show(name, on) { part(name).hidden = !on; }
  function copy(name) { return part("pieces").querySelector("[data-" + name + "]").cloneNode(true); }
  function fill(node, slot, words) {
    var place = node.querySelector("[data-" + slot + "]");
    place.textContent = words;
    place.hidden = !words;
    return place;
  }
  function empty(node) { while (node.firstChild) node.removeChild(node.firstChild); }
  function link(path, query) {
    var wanted = Object.keys(query).filter(function (name) { return query[name]; });
    return path + (wanted.length ? "?" + wanted.map(function (name) { return name + "=" + encodeURIComponent(query[name]); }).join("&") : "");
  }
  function row(list, title, soft, href) {
    var one = copy("row");
    fill(one, "row-title", title);
    fill(one, "row-soft", soft);
    one.querySelector("a").setAttribute("href", href);
    list.appendChild(one);
  }

  function modeOf(pack, station, item) {
    var modes = ["direct", "assist", "consult"];
    return modes.filter(function (_mode, number) { return pack.takes[station[7]][number].indexOf(item) >= 0; })[0];
  }

  function drawStation(pack, station, item) {
    var one = copy("station"), hours = pack.hours[station[8]] || [];
    fill(one, "name", station[1]);
    ["direct", "assist", "consult"].forEach(function (mode) {
      one.querySelector("[data-mode=" + mode + "]").hidden = !item || modeOf(pack, station, item) !== mode;
    });
    fill(one, "hours", hours.join(root.dataset.stop));
    fill(one, "address", station[4]);
    fill(one, "number", station[3]);
    var call = one.querySelector("[data-call]"), way = one.querySelector("[data-way]"), place = station[5] + "," + station[6];
    call.hidden = !station[3];
    if (station[3]) call.setAttribute("href", "tel:" + station[3]);
    way.setAttribute("href", "geo:" + place + "?q=" + place);
    return one;
  }

  function drawItem(pack, item) {
    var list = part("papers");
    empty(list);
    show("bring", item);
    if (!item) return;
    item[2].forEach(function (paper) {
      var one = copy("paper");
      fill(one, "paper-title", paper[0]);
      fill(one, "paper-instead", paper[1] || "");
      list.appendChild(one);
    });
    fill(part("bring"), "note", item[3] || (item[2].length ? "" : root.dataset.ask));
  }

  function drawCounty(pack) {
    var number = Number(asked.get("item")), town = asked.get("town") || "";
    var item = pack.items.filter(function (one) { return one[0] === number; })[0];
    var place = pack.towns.map(function (one) { return one[0]; }).indexOf(town);
    var suiting = pack.stations.filter(function (station) { return !item || modeOf(pack, station, item[0]); });
    part("title").lang = "zh-CN";
    part("title").textContent = place >= 0 ? pack.towns[place][1] : pack.name;
    fill(document, "area", pack.area);
    show("sample", pack.sample);
    document.title = pack.name;
    var select = part("choice");
    pack.items.forEach(function (one) {
      var option = document.createElement("option");
      option.value = one[0];
      option.textContent = one[1];
      option.selected = one === item;
      select.appendChild(option);
    });
    part("filter").setAttribute("action", home + pack.code);
    part("town").value = place >= 0 ? town : "";
    part("town").disabled = place < 0;
    show("filter-box", true);
    show("none", false);
    drawItem(pack, item);
    var list = part(place >= 0 ? "stations" : "rows");
    if (place >= 0) {
      suiting.filter(function (station) { return station[2] === place; })
        .forEach(function (station) { list.appendChild(drawStation(pack, station, item && item[0])); });
      part("up").setAttribute("href", link(home + pack.code, { item: item && item[0] }));
      show("up", true);
      show("stations-head", true);
    } else {
      pack.towns.forEach(function (one, index) {
        var n = suiting.filter(function (station) { return station[2] === index; }).length;
        if (n) row(list, one[1], root.dataset.count.replace("{n}", n), link(home + pack.code, { item: item && item[0], town: one[0] }));
      });
    }
    list.hidden = !list.children.length;
    show("nothing", !list.children.length);
    part("kept-box").hidden = false;
  }

  function drawAll(cache) {
    return cache.keys().then(function (requests) {
      return Promise.all(requests.map(function (request) {
        return cache.match(request, { ignoreVary: true }).then(function (hit) { return hit.json(); });
      }));
    }).then(function (packs) {
      packs.forEach(function (pack) {
        row(part("rows"), pack.name, root.dataset.when.replace("{day}", pack.said), home + pack.code);
      });
      show("rows", packs.length);
      show("none", !packs.length);
    });
  }

  if (!window.caches) return;
  caches.has(PACKS).then(function (some) {
    if (!some) return null; // looking makes no cache
    return caches.open(PACKS);
  }).then(function (cache) {
    if (!cache) return show("missing", county);
    if (!county) return drawAll(cache);
    return cache.match(home + county + ".json", { ignoreVary: true }).then(function (hit) { return hit && hit.json(); }).then(function (pack) {
      if (pack && pack.format === FORMAT) return drawCounty(pack);
      show("missing", true);
      return drawAll(cache);
    });
  }).catch(function () { show("none", true); });
})();
