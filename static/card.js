/* [data-send]: hands the picture to the phone's share sheet. Stays hidden where files cannot be shared; a long press
   and the download link do it there. The picture is fetched beforehand: Safari shares only straight after the tap. */
(function () {
  var button = document.querySelector("[data-send]");
  if (!button || !navigator.canShare || !window.File) return;
  fetch(button.dataset.send).then(function (answer) {
    if (!answer.ok) throw new Error("no picture");
    return answer.blob();
  }).then(function (blob) {
    var data = { files: [new File([blob], button.dataset.name, { type: "image/png" })] };
    if (!navigator.canShare(data)) return;
    button.hidden = false;
    button.addEventListener("click", function () { navigator.share(data).catch(function () {}); });
  }).catch(function () {});
})();
