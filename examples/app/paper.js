// The paper: a canvas that is written on with a mouse, a pen or a finger, and sent after each stroke.

// Pen and longest side of what is sent, in pixels; the reader needs no more.
const PEN = 14, SENT = 480;

export default function (component) {
  const { parentElement, setStateValue } = component;
  const canvas = parentElement.querySelector("canvas");
  if (canvas.dataset.ready) return; // Streamlit calls this again after each run of the script.
  canvas.dataset.ready = "yes";
  const context = canvas.getContext("2d");
  const strokes = [];
  let stroke = null;

  function resize() {
    const scale = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    context.scale(scale, scale);
    paint();
  }

  function paint() {
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    strokes.forEach(paintStroke);
  }

  function paintStroke(points) {
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = "#101010";
    context.beginPath();
    context.moveTo(...points[0]);
    for (const point of points) context.lineTo(...point);
    context.stroke();
  }

  function send() {
    if (strokes.length === 0) {
      setStateValue("picture", null);
      return;
    }
    const small = document.createElement("canvas");
    const scale = Math.min(1, SENT / Math.max(canvas.width, canvas.height));
    small.width = canvas.width * scale;
    small.height = canvas.height * scale;
    small.getContext("2d").drawImage(canvas, 0, 0, small.width, small.height);
    setStateValue("picture", small.toDataURL());
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    stroke = [place(event)];
    strokes.push(stroke);
    paintStroke(stroke);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke || !event.isPrimary) return;
    stroke.push(place(event));
    paintStroke(stroke.slice(-2));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => {
      if (!stroke) return;
      stroke = null;
      send();
    });
  }
  parentElement.querySelector(".undo").addEventListener("click", () => {
    strokes.pop();
    paint();
    send();
  });
  parentElement.querySelector(".clear").addEventListener("click", () => {
    strokes.length = 0;
    paint();
    send();
  });
  const observer = new ResizeObserver(resize);
  observer.observe(canvas);
  return () => observer.disconnect();
}
