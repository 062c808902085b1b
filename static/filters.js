/* #filters: says aloud what a new search found, and shows that it failed when there is no network. */
(function () {
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
