{{- /* Takes away what is null. */}}
{{- define "parley.prune" }}
{{- range $key, $value := . }}
{{- if kindIs "invalid" $value }}{{ $_ := unset $ $key }}{{ else if kindIs "map" $value }}{{ include "parley.prune" $value }}{{ end }}
{{- end }}
{{- end }}

{{- /* Makes lists of what is kept by name, puts registry, tag and claim in, and starts gateways anew when their settings change. */}}
{{- define "parley.deployment" }}
{{- $pod := .it.spec.template.spec }}
{{- range $name, $volume := $pod.volumes }}
{{- if and (eq $name "models") $.values.models.claim }}{{ $_ := set $pod.volumes $name (dict "persistentVolumeClaim" (dict "claimName" $.values.models.claim)) }}{{ end }}
{{- end }}
{{- range $kind := list "containers" "initContainers" }}
{{- range $container := index $pod $kind }}
{{- include "parley.image" (dict "container" $container "image" $.values.image) }}
{{- range $map := $container.envFrom }}
{{- $settings := index $.objects (printf "ConfigMap/%s" $map.configMapRef.name) }}
{{- $_ := set $.it.spec.template.metadata.annotations "checksum/settings" (toJson $settings.data | sha256sum) }}
{{- end }}
{{- range $part, $key := dict "env" "name" "ports" "name" "volumeMounts" "mountPath" }}{{ include "parley.list" (dict "in" $container "part" $part "key" $key) }}{{ end }}
{{- end }}
{{- include "parley.list" (dict "in" $pod "part" $kind "key" "name") }}
{{- end }}
{{- include "parley.list" (dict "in" $pod "part" "volumes" "key" "name") }}
{{- end }}

{{- define "parley.list" }}
{{- $list := list }}
{{- range $name, $item := index .in .part }}{{ $list = append $list (set $item $.key $name) }}{{ end }}
{{- if $list }}{{ $_ := set .in .part $list }}{{ end }}
{{- end }}

{{- define "parley.image" }}
{{- if hasPrefix "parley/" .container.image }}
{{- $image := .container.image }}
{{- if .image.registry }}{{ $image = printf "%s/%s" .image.registry $image }}{{ end }}
{{- if .image.tag }}{{ $image = printf "%s:%s" $image (toString .image.tag) }}{{ end }}
{{- $_ := set .container "image" $image }}
{{- $_ := set .container "imagePullPolicy" .image.pullPolicy }}
{{- end }}
{{- end }}
