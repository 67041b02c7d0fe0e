<?php // SPDX-License-Identifier: Apache-2.0
$text = $_POST['text'] ?? '';
$file = $_FILES['file'] ?? null;
?>
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>A FastCGI application behind libgateway</title>
<style>
  body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; }
  table { border-collapse: collapse; font: 14px/1.4 monospace; table-layout: fixed; width: 100%; }
  td { border-top: 1px solid #ccc; overflow-wrap: anywhere; padding: .2em .5em; }
  td:first-child { width: 16em; }
  output { background: #eef6ee; display: block; padding: .5em 1em; }
</style>
<h1>A FastCGI application behind libgateway</h1>
<p>Served by PHP <?= PHP_VERSION ?> through mod_gateway.</p>

<h2>Form and upload</h2>
<?php if ($_SERVER['REQUEST_METHOD'] === 'POST'): ?>
<output id="answer">
  Text: <b><?= htmlspecialchars($text) ?></b><br>
<?php if ($file && $file['error'] === UPLOAD_ERR_OK): ?>
  File: <b><?= htmlspecialchars($file['name']) ?></b>, <?= $file['size'] ?> bytes,
  SHA-256 <code><?= hash_file('sha256', $file['tmp_name']) ?></code>
<?php endif ?>
</output>
<?php endif ?>
<form method="post" enctype="multipart/form-data">
  <p><label>Text <input name="text"></label>
  <p><label>File <input type="file" name="file"></label>
  <p><button>Send</button>
</form>

<h2>Environment</h2>
<table>
<?php
ksort($_SERVER);
foreach ($_SERVER as $name => $value) {
    if (is_string($value)) {
        printf("<tr><td>%s<td>%s\n", htmlspecialchars($name), htmlspecialchars($value));
    }
}
?>
</table>
</html>
