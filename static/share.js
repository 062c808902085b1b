/* [data-share]: opens the phone's share sheet with this page, or copies its address. Needs copy.js; hidden without scripts. */
(function () {
  var button = document.querySelector("[data-share]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", function () {
    var address = location.origin + location.pathname;
    if (navigator.share) {
      navigator.share({ title: button.dataset.title, url: address }).catch(function () {});
      return;
    }
    window.menkouCopy(address).then(function () { button.lastChild.textContent = button.dataset.done; }, function () {});
  });
})();
