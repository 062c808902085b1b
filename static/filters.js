/* #filters: on wide screens asks for the map beside the list; says aloud what a new search found, and shows that it failed when there is no network. */
(function () {
  var me = document.currentScript, more = document.createElement("script");
  if (matchMedia("(min-width:62.5em)").matches) {
    more.nonce = me.nonce;
    more.src = me.dataset.beside;
    document.head.appendChild(more);
  }
  function find(name) { return document.querySelector("[data-filters-" + name + "]"); } // anew: Back replaces the page
  document.addEventListener("htmx:afterSwap", function () {
    var heading = document.querySelector("#results h2");
    if (!find("said")) return;
    find("said").textContent = heading ? heading.textContent : "";
    find("failed").hidden = true;
  });
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, function () { if (find("failed")) find("failed").hidden = false; });
  });
})();
