{{- define "kjo.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The chart's name appears once, also when the release is called like it. */}}
{{- define "kjo.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "kjo.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "kjo.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Names of cluster-scoped objects carry the namespace, so that two releases of one name do not meet. */}}
{{- define "kjo.clusterName" -}}
{{- if eq .Release.Namespace (include "kjo.fullname" .) -}}
{{- include "kjo.fullname" . -}}
{{- else -}}
{{- printf "%s:%s" .Release.Namespace (include "kjo.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "kjo.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "kjo.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "kjo.leaseName" -}}
{{- default (include "kjo.fullname" .) .Values.leaderElection.leaseName -}}
{{- end -}}

{{- define "kjo.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "kjo.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kjo.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/*
`metadata:` of an object of the chart. A dict: context, name; namespace unless it is cluster-scoped; labels and annotations
besides the common ones.
*/}}
{{- define "kjo.metadata" -}}
{{- $values := .context.Values -}}
{{- $standard := include "kjo.standardLabels" .context | fromYaml -}}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- merge $standard (default (dict) .labels) $values.commonLabels | toYaml | nindent 4 }}
  {{- with merge (dict) (default (dict) .annotations) $values.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "kjo.standardLabels" -}}
{{ include "kjo.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}
