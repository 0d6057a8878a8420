// What happens on the page: drawing, pictures, and the result.

const paper = document.getElementById("paper");
const context = paper.getContext("2d", { willReadFrequently: true });
const PEN_WIDTH = paper.width / 13, STEP = paper.width / 35;
const pen = { x: paper.width / 2, y: paper.height / 2, isDown: false, isVisible: false };
let isEmpty = true, pendingFrame = 0;

function clearPaper() {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, paper.width, paper.height);
  paper.classList.add("drawn");
  isEmpty = true;
  update();
}

function drawLine(fromX, fromY, toX, toY) {
  context.strokeStyle = "#000";
  context.lineWidth = PEN_WIDTH;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX + 0.01, toY); // a line of length 0 would not be drawn
  context.stroke();
  isEmpty = false;
  update();
}

/** Read the picture again before the next frame is shown, once however many events there were. */
function update() {
  if (!pendingFrame) pendingFrame = requestAnimationFrame(() => { pendingFrame = 0; showResult(); });
}

/** Return the image that the network is given. Half the resolution of the paper is enough, and quick on a phone. */
function readPaper() {
  const side = paper.width / 2;
  const small = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const smallContext = small.getContext("2d", { willReadFrequently: true });
  smallContext.drawImage(paper, 0, 0, side, side);
  const { data } = smallContext.getImageData(0, 0, side, side);
  const grey = new Float64Array(side * side);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  }
  return frameDigit(grey, side, side, MODEL.frame);
}

function showResult() {
  const image = isEmpty ? new Float64Array(MODEL.frame.shape[0] * MODEL.frame.shape[1]) : readPaper();
  const isBlank = !image.some((value) => value > 0);
  const probabilities = isBlank ? MODEL.classes.map(() => 0) : predictProbabilities(image);
  const best = probabilities.indexOf(Math.max(...probabilities));
  showInput(image);
  document.querySelectorAll("#bars li").forEach((item, k) => {
    const percent = 100 * probabilities[k];
    item.querySelector(".bar").style.width = `${percent}%`;
    item.querySelector(".percent").textContent = isBlank ? "" : `${percent.toFixed(1)} %`;
    item.classList.toggle("best", !isBlank && k === best);
  });
  const result = document.getElementById("result"), sureness = document.getElementById("sureness");
  result.textContent = isBlank ? "?" : MODEL.classes[best];
  result.classList.toggle("long", MODEL.classes[best].length > 2 && !isBlank);
  sureness.textContent = isBlank ? "Draw a digit, or choose a picture of one." : `${(100 * probabilities[best]).toFixed(1)} % sure`;
}

/** Show the image that the network is given, one square per pixel. */
function showInput(image) {
  const input = document.getElementById("input"), [height, width] = MODEL.frame.shape;
  const pixels = new ImageData(width, height);
  image.forEach((value, i) => pixels.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
  input.getContext("2d").putImageData(pixels, 0, 0);
}

async function showPicture(file) {
  const message = document.getElementById("message");
  message.textContent = "";
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    message.textContent = `${file.name || "This"} is not a picture that the browser can open.`;
    return;
  }
  clearPaper();
  const scale = Math.min(paper.width / picture.width, paper.height / picture.height);
  const width = picture.width * scale, height = picture.height * scale;
  context.imageSmoothingQuality = "high";
  context.fillStyle = cornerColour(picture);
  context.fillRect(0, 0, paper.width, paper.height);
  context.drawImage(picture, (paper.width - width) / 2, (paper.height - height) / 2, width, height);
  paper.classList.remove("drawn");
  isEmpty = false;
  update();
}

/** Return the colour of a picture's corner, to fill the paper beside it. */
function cornerColour(picture) {
  context.drawImage(picture, 0, 0, 1, 1, 0, 0, 1, 1);
  return `rgb(${context.getImageData(0, 0, 1, 1).data.slice(0, 3).join(",")})`;
}

// ---- Drawing by mouse, finger or pen ----

function position(event) {
  const box = paper.getBoundingClientRect();
  const side = paper.clientWidth; // without the border
  return [((event.clientX - box.left - paper.clientLeft) * paper.width) / side,
    ((event.clientY - box.top - paper.clientTop) * paper.height) / side];
}

let last = null;
paper.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  paper.setPointerCapture(event.pointerId);
  last = position(event);
  drawLine(...last, ...last);
});
paper.addEventListener("pointermove", (event) => {
  if (!last) return;
  for (const moved of event.getCoalescedEvents?.() ?? [event]) {
    const next = position(moved);
    drawLine(...last, ...next);
    last = next;
  }
});
for (const name of ["pointerup", "pointercancel"]) paper.addEventListener(name, () => { last = null; });

// ---- Drawing by keyboard: the arrows move the pen, the space bar puts it down or lifts it ----

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
paper.addEventListener("keydown", (event) => {
  if (event.key === " ") {
    pen.isDown = !pen.isDown;
    if (pen.isDown) drawLine(pen.x, pen.y, pen.x, pen.y);
  } else if (ARROWS[event.key]) {
    const [dx, dy] = ARROWS[event.key];
    const x = clip(pen.x + dx * STEP, 0, paper.width), y = clip(pen.y + dy * STEP, 0, paper.height);
    if (pen.isDown) drawLine(pen.x, pen.y, x, y);
    Object.assign(pen, { x, y });
  } else if (event.key === "Delete" || event.key === "Escape") {
    pen.isDown = false;
    clearPaper();
  } else {
    return;
  }
  event.preventDefault();
  showPen(true);
});
paper.addEventListener("blur", () => { pen.isDown = false; showPen(false); });

function showPen(isVisible) {
  const marker = document.getElementById("pen");
  marker.hidden = !isVisible;
  marker.classList.toggle("down", pen.isDown);
  marker.style.left = `${(100 * pen.x) / paper.width}%`;
  marker.style.top = `${(100 * pen.y) / paper.height}%`;
  document.getElementById("pen-state").textContent = isVisible ? (pen.isDown ? "Pen down" : "Pen up") : "";
}

// ---- Pictures ----

document.getElementById("clear").addEventListener("click", () => {
  document.getElementById("message").textContent = "";
  clearPaper();
});
document.getElementById("file").addEventListener("change", (event) => {
  if (event.target.files.length) showPicture(event.target.files[0]);
  event.target.value = ""; // so that the same file can be chosen again
});
document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (event.dataTransfer.files.length) showPicture(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files][0];
  if (file) showPicture(file);
});

document.getElementById("bars").append(...MODEL.classes.map((label) => {
  const item = document.createElement("li");
  item.innerHTML = '<span class="label"></span><span class="track"><span class="bar"></span></span><span class="percent"></span>';
  item.querySelector(".label").textContent = label;
  return item;
}));
[document.getElementById("input").height, document.getElementById("input").width] = MODEL.frame.shape;
clearPaper();
