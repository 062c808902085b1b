/* [data-print]: prints the page. Hidden without scripts; the browser's own menu does the same. */
(function () {
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
})();
